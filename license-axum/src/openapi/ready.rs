//! The operations of this crate's own routes.

use serde::Deserialize;
use serde_json::{Map, Value};

/// A route of this crate that a document need not describe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ready {
    Status,
    Install,
    MachineInfo,
    Doctor,
    Routes,
    Audit,
    AuditExport,
    Banner,
}

/// Operations and the schemas that they name.
#[derive(Deserialize)]
pub(super) struct Documents {
    operations: Map<String, Value>,
    pub(super) schemas: Map<String, Value>,
}

impl Documents {
    pub(super) fn read() -> Result<Self, serde_json::Error> {
        serde_json::from_str(include_str!("ready.json"))
    }

    pub(super) fn operation(&self, ready: Ready) -> Option<&Map<String, Value>> {
        self.operations.get(ready.name())?.as_object()
    }
}

impl Ready {
    fn name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Install => "install",
            Self::MachineInfo => "machine_info",
            Self::Doctor => "doctor",
            Self::Routes => "routes",
            Self::Audit => "audit",
            Self::AuditExport => "audit_export",
            Self::Banner => "banner",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_has_its_operation_and_every_schema_is_there() {
        const ALL: [Ready; 8] = [
            Ready::Status,
            Ready::Install,
            Ready::MachineInfo,
            Ready::Doctor,
            Ready::Routes,
            Ready::Audit,
            Ready::AuditExport,
            Ready::Banner,
        ];
        let documents = Documents::read().unwrap();
        assert_eq!(documents.operations.len(), ALL.len());
        for ready in ALL {
            assert!(documents.operation(ready).is_some(), "{ready:?}");
        }
        let text = include_str!("ready.json");
        for (_, named) in text.match_indices("#/components/schemas/").map(|(at, it)| {
            let name = &text[at + it.len()..];
            (at, &name[..name.find('"').unwrap()])
        }) {
            assert!(documents.schemas.contains_key(named), "{named}");
        }
    }
}
