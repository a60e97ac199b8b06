//! The operations of this crate's own routes.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

/// A route of this crate that a document need not describe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
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
    pub(super) operations: BTreeMap<Ready, Map<String, Value>>,
    pub(super) schemas: Map<String, Value>,
}

impl Documents {
    pub(super) fn read() -> Result<Self, serde_json::Error> {
        serde_json::from_str(include_str!("ready.json"))
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
            assert!(documents.operations.contains_key(&ready), "{ready:?}");
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
