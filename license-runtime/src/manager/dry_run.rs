//! What an installation would do.

use license_core::{
    Admission, DryRun, InstallError, InstallErrorKind, InstallRequest, Installation, Verified,
};

use super::Shared;

impl Shared {
    /// Judges a token as installing would, and changes nothing.
    pub(super) async fn dry_run(&self, token: Option<Vec<u8>>, request: InstallRequest) -> DryRun {
        self.find_machine().await;
        let mut dry_run = DryRun::default();
        let read = self.read_expected(token, request.expect).await;
        dry_run.digest = read.digest;
        match self.judge(read.verified, &request) {
            Ok((verified, installation)) => {
                dry_run.would_install = true;
                dry_run.gained.clone_from(&installation.difference().gained);
                dry_run.lost.clone_from(&installation.difference().lost);
                dry_run.warnings = self.warnings(&verified, &installation, &request).await;
            }
            Err(error) => {
                dry_run.code = Some(error.code());
                dry_run.warnings.push(error.detail().to_owned());
            }
        }
        dry_run
    }

    fn judge(
        &self,
        verified: Result<Verified, InstallError>,
        request: &InstallRequest,
    ) -> Result<(Verified, Installation), InstallError> {
        let verified = verified?;
        let host = request.host.as_deref();
        let installation =
            self.licensing.prepare_by(self.shared_time(), &verified, host, request.force)?;
        Ok((verified, installation))
    }

    /// What to know before installing.
    async fn warnings(
        &self,
        verified: &Verified,
        installation: &Installation,
        request: &InstallRequest,
    ) -> Vec<String> {
        let license = verified.license();
        let used = self.count_used().await;
        let mut warnings = Vec::new();
        match installation.admission() {
            Admission::Unchanged => {
                warnings.push("This license is installed already.".to_owned());
            }
            Admission::Next => {
                let begins = license.term().not_before.unwrap_or(license.issued_at());
                warnings.push(format!("The license waits until {begins} and then takes over."));
                if self.licensing.status(|_| None).next.is_some() {
                    warnings.push("It replaces the license that waits now.".to_owned());
                }
            }
            _ => {}
        }
        if !installation.difference().lost.is_empty() {
            warnings.push("The license allows less than the one in force.".to_owned());
        }
        for (name, limit) in license.limits() {
            if let (Some(max), Some(used)) = (limit.max(), used.get(name))
                && *used > max
            {
                warnings.push(format!(
                    "{name}: {used} in use, {max} licensed. Nothing is taken away; no more can \
                     be added."
                ));
            }
        }
        #[cfg(feature = "sources")]
        warnings.extend(self.sources.overrides_uploads());
        let unforced =
            self.licensing.prepare_by(self.shared_time(), verified, request.host.as_deref(), false);
        if unforced.is_err_and(|error| error.kind() == InstallErrorKind::DomainMismatch) {
            warnings.push("The license does not cover the host name you are using.".to_owned());
        }
        warnings
    }
}
