//! What an installation would do.

use license_core::{licensing::InstallRequest, report::DryRun};

use super::Shared;

impl Shared {
    /// Judges a token as installing would, and changes nothing.
    pub(super) async fn dry_run(&self, token: Option<Vec<u8>>, request: InstallRequest) -> DryRun {
        self.find_machine().await;
        let read = self.read_expected(token, request.expect).await;
        let verified = match read.verified {
            Ok(verified) => verified,
            Err(error) => {
                return DryRun::refused(read.digest, &error, self.licensing.timeline());
            }
        };
        let used = self.count_used().await;
        let used = |limit: &str| used.get(limit).copied();
        #[cfg_attr(not(feature = "sources"), expect(unused_mut, reason = "nothing overrides"))]
        let mut dry_run =
            self.licensing.control().preview_by(self.shared_time(), &verified, &request, used);
        #[cfg(feature = "sources")]
        if dry_run.would_install
            && let Err(error) = self.can_replace(&verified).await
        {
            return DryRun::refused(dry_run.digest, &error, dry_run.timeline_now);
        }
        #[cfg(feature = "sources")]
        if dry_run.would_install {
            dry_run.warnings.extend(self.sources.before_upload());
        }
        dry_run
    }
}
