//! The rungs by which a product knows its machines.

use license_core::{
    Fingerprint, MachineId, Product, machine::MachineScheme, report::Surroundings, text::sentence,
};

use super::{
    MachineIdSource, OperatorId,
    error::{ReadMachineIdError, ReadMachineIdErrorKind as Kind},
};

/// By what a product knows its machines, in order, and where each of it is read:
/// the ladder of its profile.
///
/// The first rung that has a value is what the machine is called. What the
/// operator sets and is no id stops the reading: nothing takes its place.
///
/// ```
/// use license_core::{MachineId, Product, machine::MachineScheme};
/// use license_runtime::{MachineLadder, OperatorId};
///
/// let product = Product::builder("acme", "https://acme.example", "acme")
///     .machine_ladder([MachineScheme::Custom, MachineScheme::MachineId])
///     .build()?;
/// let ladder = MachineLadder::of(&product)      // MACHINE_ID, MACHINE_ID_FILE, /etc/machine-id
///     .operator_id(OperatorId::of(Some("cluster-a/node-17".into()), None));
/// let fingerprint = ladder.fingerprint(product.audience())?;
/// assert_eq!(fingerprint.scheme(), MachineScheme::Custom);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct MachineLadder {
    rungs: Vec<Rung>,
}

#[derive(Clone, Debug)]
enum Rung {
    Operator(OperatorId),
    Installation,
    System(MachineIdSource),
}

/// What each rung of a ladder came to.
#[cfg(feature = "manager")]
pub(crate) type Rungs = Vec<(MachineScheme, Result<Fingerprint, ReadMachineIdError>)>;

impl MachineLadder {
    /// The ladder of a product's profile. What the operator sets is read from
    /// the environment, as [`OperatorId::from_env`] says.
    pub fn of(product: &Product) -> Self {
        let rungs = product.machine_ladder().iter().filter_map(|scheme| match scheme {
            MachineScheme::Custom => Some(Rung::Operator(OperatorId::from_env())),
            MachineScheme::Installation => Some(Rung::Installation),
            MachineScheme::MachineId => Some(Rung::System(MachineIdSource::System)),
            _ => None,
        });
        Self { rungs: rungs.collect() }
    }

    /// Takes what the operator sets from here, where the ladder has such a
    /// rung.
    #[must_use]
    pub fn operator_id(mut self, id: OperatorId) -> Self {
        for rung in &mut self.rungs {
            if matches!(rung, Rung::Operator(_)) {
                *rung = Rung::Operator(id.clone());
            }
        }
        self
    }

    /// Takes what the system has from here, where the ladder has such a rung.
    #[must_use]
    pub fn system(mut self, source: MachineIdSource) -> Self {
        for rung in &mut self.rungs {
            if matches!(rung, Rung::System(_)) {
                *rung = Rung::System(source.clone());
            }
        }
        self
    }

    /// Whether what the operator sets can be used: for the start of a service,
    /// which would otherwise run without an identity and say so in its log.
    ///
    /// # Errors
    ///
    /// What is set and is no id.
    pub fn check(&self) -> Result<(), ReadMachineIdError> {
        let operator = self.rungs.iter().filter(|rung| matches!(rung, Rung::Operator(_)));
        let mut errors = operator.filter_map(|rung| rung.id(None).err());
        errors.find(ReadMachineIdError::is_misconfigured).map_or(Ok(()), Err)
    }

    /// This machine's fingerprint for a product, named by its audience: by the
    /// first rung that has a value. Touches the disk: a few microseconds.
    ///
    /// # Errors
    ///
    /// What is set and is no id; an id that only the service's store has; no
    /// rung that has a value.
    pub fn fingerprint(&self, audience: &str) -> Result<Fingerprint, ReadMachineIdError> {
        let mut last = ReadMachineIdError::unreadable();
        for id in self.ids() {
            match id {
                Err(error) if error.can_be_passed_over() => last = error,
                found => return found.map(|id| id.fingerprint(audience)),
            }
        }
        Err(last)
    }

    /// The id of every rung, or why it has none; only why, where what the operator
    /// sets is no id, whichever rung that is.
    fn ids(&self) -> Vec<Result<MachineId, ReadMachineIdError>> {
        let mut ids: Vec<_> = self.rungs.iter().map(|rung| rung.id(None)).collect();
        let is_misconfigured = |id: &Result<_, ReadMachineIdError>| {
            id.as_ref().is_err_and(ReadMachineIdError::is_misconfigured)
        };
        match ids.iter().position(is_misconfigured) {
            Some(at) => vec![ids.swap_remove(at)],
            None => ids,
        }
    }

    /// What a diagnosis is told of this machine: the id of every rung, or why it
    /// has none, and what an operator can do where none has one.
    pub fn surroundings(&self) -> Surroundings {
        const SET_RIGHT: &str = "Set MACHINE_ID or MACHINE_ID_FILE right, or take it away, then \
                                 start the service again.";
        let ids = self.ids();
        let cure = match &ids[..] {
            [Err(error)] if error.is_misconfigured() => Some(SET_RIGHT.to_owned()),
            _ => self.remedy().map(|ways| sentence(&ways)),
        };
        let read = ids.into_iter().map(|id| id.map_err(|error| error.reason()));
        let surroundings = read.fold(Surroundings::new(), Surroundings::machine_id);
        cure.into_iter().fold(surroundings, Surroundings::machine_cure)
    }

    /// What an operator can do where no rung has a value; nothing where only
    /// the log can tell.
    pub(crate) fn remedy(&self) -> Option<String> {
        let ways = self.rungs.iter().filter_map(|rung| match rung {
            Rung::Operator(_) => Some("set an id for it (MACHINE_ID or MACHINE_ID_FILE)"),
            Rung::Installation => None,
            Rung::System(_) => {
                Some("make the machine id readable to the service (Linux: /etc/machine-id)")
            }
        });
        let ways: Vec<_> = ways.collect();
        (!ways.is_empty()).then(|| ways.join(", or "))
    }
}

#[cfg(feature = "manager")]
impl MachineLadder {
    /// What every rung comes to; `installation` is the id that the store keeps.
    ///
    /// # Errors
    ///
    /// What is set and is no id.
    pub(crate) fn read(
        &self,
        audience: &str,
        installation: Option<&MachineId>,
    ) -> Result<Rungs, ReadMachineIdError> {
        let read = self.rungs.iter().map(|rung| match rung.id(installation) {
            Err(error) if !error.can_be_passed_over() => Err(error),
            found => Ok((rung.scheme(), found.map(|id| id.fingerprint(audience)))),
        });
        read.collect()
    }

    /// Whether the store has to keep an id.
    pub(crate) fn needs_installation(&self) -> bool {
        self.rungs.iter().any(|rung| matches!(rung, Rung::Installation))
    }

    /// How many rungs there are.
    pub(crate) fn len(&self) -> usize {
        self.rungs.len()
    }
}

impl From<MachineIdSource> for MachineLadder {
    fn from(source: MachineIdSource) -> Self {
        Self { rungs: vec![Rung::System(source)] }
    }
}

impl Rung {
    #[cfg(feature = "manager")]
    fn scheme(&self) -> MachineScheme {
        match self {
            Self::Operator(_) => MachineScheme::Custom,
            Self::Installation => MachineScheme::Installation,
            Self::System(_) => MachineScheme::MachineId,
        }
    }

    fn id(&self, installation: Option<&MachineId>) -> Result<MachineId, ReadMachineIdError> {
        match self {
            Self::Operator(id) => id.read(),
            Self::System(source) => source.read(),
            Self::Installation => installation.cloned().ok_or_else(|| {
                ReadMachineIdError::new(
                    Kind::InStore,
                    "the service's store keeps this machine's identity, and the service alone \
                     can tell it",
                )
            }),
        }
    }
}

impl ReadMachineIdError {
    /// Whether nothing takes its place until the operator has mended it.
    fn is_misconfigured(&self) -> bool {
        self.kind() == Kind::Misconfigured
    }

    /// Whether the next rung takes its place.
    fn can_be_passed_over(&self) -> bool {
        matches!(self.kind(), Kind::NotSet | Kind::Unreadable)
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef";

    fn ladder(rungs: &[MachineScheme], set: &str, system: &Path) -> MachineLadder {
        let product = Product::builder("test", "https://vendor.example", "test");
        let product = product.machine_ladder(rungs.iter().copied()).build().unwrap();
        let system = MachineIdSource::files([system]);
        let ladder = MachineLadder::of(&product).system(system);
        ladder.operator_id(OperatorId::of(Some(set.into()), None))
    }

    #[test]
    fn the_first_rung_that_has_a_value_is_what_the_machine_is_called() {
        use MachineScheme::{Custom, Installation, MachineId as System};
        let directory = tempfile::tempdir().unwrap();
        let [there, missing] = ["there", "missing"].map(|name| directory.path().join(name));
        fs::write(&there, ID).unwrap();
        let called = |rungs: &[MachineScheme], set: &str, system: &Path| {
            let found = ladder(rungs, set, system).fingerprint("test");
            found.map(|it| it.scheme()).map_err(|error| error.kind())
        };
        assert_eq!(called(&[Custom, System], ID, &there), Ok(Custom));
        assert_eq!(called(&[System, Custom], ID, &there), Ok(System));
        assert_eq!(called(&[System, Custom], ID, &missing), Ok(Custom));
        assert_eq!(called(&[Custom, System], "", &there), Ok(System));
        assert_eq!(called(&[System], "no-id", &there), Ok(System), "a rung that is not named");
        assert_eq!(called(&[Custom, System], "", &missing), Err(Kind::Unreadable));
        assert_eq!(called(&[Custom], "", &there), Err(Kind::NotSet));
        // Nobody but the service can tell what its store keeps.
        assert_eq!(called(&[Installation, System], "", &there), Err(Kind::InStore));
        assert_eq!(called(&[System, Installation], "", &missing), Err(Kind::InStore));
        assert_eq!(called(&[System, Installation], "", &there), Ok(System));
        // And what is set wrongly is not passed over.
        assert_eq!(called(&[Custom, System], "no-id", &there), Err(Kind::Misconfigured));
        // Wherever it stands: a service has no identity then, and the program agrees.
        assert_eq!(called(&[System, Custom], "no-id", &there), Err(Kind::Misconfigured));
        let check = |rungs: &[MachineScheme], set: &str| {
            ladder(rungs, set, &missing).check().map_err(|error| error.kind())
        };
        assert_eq!(check(&[System, Custom], "no-id"), Err(Kind::Misconfigured));
        assert_eq!(check(&MachineScheme::ALL, ""), Ok(()));
        assert_eq!(check(&[System], "no-id"), Ok(()));
    }

    #[cfg(feature = "manager")]
    #[test]
    fn a_service_reads_every_rung_and_why_one_has_no_value() {
        let directory = tempfile::tempdir().unwrap();
        let missing = directory.path().join("missing");
        let installation = MachineId::installation(ID).unwrap();
        let read = |set: &str| {
            let ladder = ladder(&MachineScheme::ALL, set, &missing);
            let reading = ladder.read("test", Some(&installation));
            reading.map_err(|error| error.kind())
        };
        let rungs = read("").unwrap();
        let schemes: Vec<MachineScheme> = rungs.iter().map(|(scheme, _)| *scheme).collect();
        assert_eq!(schemes, MachineScheme::ALL);
        assert_eq!(rungs[0].1.as_ref().unwrap_err().kind(), Kind::NotSet);
        assert_eq!(rungs[1].1.as_ref().unwrap(), &installation.fingerprint("test"));
        assert_eq!(rungs[2].1.as_ref().unwrap_err().kind(), Kind::Unreadable);
        assert_eq!(read("no-id").err(), Some(Kind::Misconfigured));
    }
}
