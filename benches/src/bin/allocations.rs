//! Counts what every row allocates, and prints the row's id, a tab, and the
//! allocations for each request. A program of its own, because counting
//! slows every allocation down.

use license_benches::GROUPS;

/// Requests that are counted; enough to see what happens now and then.
const REQUESTS: u64 = 64;

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    for (id, set_up) in GROUPS {
        if !wanted.is_empty() && !wanted.iter().any(|wanted| wanted == id) {
            continue;
        }
        for mut row in set_up().rows {
            let counted = row.accompanied(|row| {
                // What is set up on first use does not count.
                row.run(REQUESTS);
                allocation_counter::measure(|| row.run(REQUESTS)).count_total
            });
            println!("{}\t{}", row.id(), counted as f64 / REQUESTS as f64);
        }
    }
}
