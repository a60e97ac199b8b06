-- Numbers for nodes and for leases; none is given twice.
CREATE SEQUENCE lease_number;

-- Instances of the service that count hosts. Their leases live as long as they
-- beat, however many there are.
CREATE TABLE lease_nodes (
    node      BIGINT PRIMARY KEY,
    beaten_at TIMESTAMPTZ NOT NULL,
    ttl       INTERVAL NOT NULL,
    -- It was overdue, and has ended: its leases are removed by whoever next
    -- changes those of the same limit.
    swept     BOOLEAN NOT NULL DEFAULT FALSE
);

-- One row: when anybody has beaten last, and when those who were overdue
-- without being to blame were given time to beat first.
CREATE TABLE lease_store (
    id             INTEGER PRIMARY KEY CHECK (id = 1),
    last_beat      TIMESTAMPTZ,
    settling_since TIMESTAMPTZ
);

INSERT INTO lease_store (id) VALUES (1);

-- One row for each limit of hosts; whoever changes its leases holds its lock.
CREATE TABLE lease_limits (
    id    INTEGER PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    name  TEXT NOT NULL UNIQUE,
    -- How many different hosts have a lease.
    hosts BIGINT NOT NULL CHECK (hosts >= 0)
);

-- A host that is connected to a node.
CREATE TABLE leases (
    limit_id   INTEGER NOT NULL,
    host       TEXT NOT NULL,
    node       BIGINT NOT NULL,
    generation BIGINT NOT NULL,
    PRIMARY KEY (limit_id, host, node)
);

CREATE INDEX leases_by_node ON leases (node, limit_id);
