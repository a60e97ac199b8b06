//! Quotas: the two tables, and the session in which one process counts.

use std::{collections::HashMap, fs, path::Path, sync::Arc};

use license_core::time::Month;
use rand::{RngCore, rngs::OsRng};
use sqlx::{Executor, SqliteConnection};

use super::{
    connection::Connection,
    journal::{Journal, Mark, Slot},
    rows::failed,
};
use crate::store::{QuotaGrant, QuotaRequest, StoreError, sql::corrupt};

/// A process that counts quotas; there is one at a time.
#[derive(Debug)]
pub(super) struct Session {
    journal: Journal,
    mark: Mark,
    slots: HashMap<i64, Arc<Slot>>,
}

impl Session {
    /// Settles what an earlier process has left, and begins.
    pub(super) async fn begin(connection: &Connection, path: &Path) -> Result<Self, StoreError> {
        let journal = Journal::open(path)?;
        let mut mark = Mark::default();
        OsRng.fill_bytes(&mut mark);
        let mut turn = connection.write().await?;
        let result = start(turn.connection()?, &journal, mark, boot()).await;
        turn.end(result).await?;
        Ok(Self { journal, mark, slots: HashMap::new() })
    }

    /// Takes units, within a transaction.
    pub(super) async fn take(
        &mut self,
        connection: &mut SqliteConnection,
        limit: &str,
        month: Month,
        request: QuotaRequest,
    ) -> Result<QuotaGrant, StoreError> {
        let before = taken(connection, limit, month).await?;
        let granted = request.grant(before);
        if granted == 0 {
            return Ok(QuotaGrant::new(0, before));
        }
        let after = before.saturating_add(granted);
        let (slot,): (i64,) = sqlx::query_as(
            "INSERT INTO license_quota (name, month, taken) VALUES (?, ?, ?) \
             ON CONFLICT (name, month) DO UPDATE SET taken = excluded.taken RETURNING slot",
        )
        .bind(limit)
        .bind(month.to_string())
        .bind(i64::try_from(after).map_err(corrupt)?)
        .fetch_one(connection)
        .await
        .map_err(failed)?;
        let mut grant = QuotaGrant::new(granted, after);
        grant.journal = Some(self.slot(slot, before)?);
        Ok(grant)
    }

    /// Where to note what is spent. The first note is there before the units
    /// are: a process that is killed in between has spent none of them.
    fn slot(&mut self, number: i64, spent: u64) -> Result<Arc<Slot>, StoreError> {
        if let Some(slot) = self.slots.get(&number) {
            return Ok(Arc::clone(slot));
        }
        let slot = Arc::new(self.journal.slot(number, self.mark, spent)?);
        Ok(Arc::clone(self.slots.entry(number).or_insert(slot)))
    }
}

/// Makes what was taken what was spent, where that is known, and says who
/// writes notes from now on.
async fn start(
    connection: &mut SqliteConnection,
    journal: &Journal,
    mark: Mark,
    boot: Option<String>,
) -> Result<(), StoreError> {
    let last: Option<(Vec<u8>, Option<String>)> =
        sqlx::query_as("SELECT mark, boot FROM license_quota_session")
            .fetch_optional(&mut *connection)
            .await
            .map_err(failed)?;
    if let Some((last, last_boot)) = last
        && is_same_boot(last_boot.as_deref(), boot.as_deref())
    {
        let last = Mark::try_from(last).map_err(|_| corrupt("the mark of a session"))?;
        settle(connection, journal, last).await?;
    }
    sqlx::query("INSERT OR REPLACE INTO license_quota_session (id, mark, boot) VALUES (1, ?, ?)")
        .bind(&mark[..])
        .bind(boot)
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

async fn settle(
    connection: &mut SqliteConnection,
    journal: &Journal,
    mark: Mark,
) -> Result<(), StoreError> {
    let slots: Vec<(i64,)> = sqlx::query_as("SELECT slot FROM license_quota")
        .fetch_all(&mut *connection)
        .await
        .map_err(failed)?;
    for (slot,) in slots {
        let Some(spent) = journal.read(slot, mark)? else { continue };
        // More than the database can count is more than was taken.
        let spent = i64::try_from(spent).unwrap_or(i64::MAX);
        sqlx::query("UPDATE license_quota SET taken = min(taken, ?) WHERE slot = ?")
            .bind(spent)
            .bind(slot)
            .execute(&mut *connection)
            .await
            .map_err(failed)?;
    }
    Ok(())
}

/// How many units are taken.
pub(super) async fn taken(
    connection: &mut SqliteConnection,
    limit: &str,
    month: Month,
) -> Result<u64, StoreError> {
    let taken: Option<(i64,)> =
        sqlx::query_as("SELECT taken FROM license_quota WHERE name = ? AND month = ?")
            .bind(limit)
            .bind(month.to_string())
            .fetch_optional(connection)
            .await
            .map_err(failed)?;
    taken.map_or(Ok(0), |(taken,)| u64::try_from(taken).map_err(corrupt))
}

/// Brings units back.
pub(super) async fn bring_back(
    connection: &mut SqliteConnection,
    limit: &str,
    month: Month,
    units: u64,
) -> Result<(), StoreError> {
    let brought = connection.execute(
        sqlx::query(
            "UPDATE license_quota SET taken = max(taken - ?, 0) WHERE name = ? AND month = ?",
        )
        .bind(i64::try_from(units).unwrap_or(i64::MAX))
        .bind(limit)
        .bind(month.to_string()),
    );
    brought.await.map(drop).map_err(failed)
}

/// A boot that is not known is not this one.
fn is_same_boot(last: Option<&str>, this: Option<&str>) -> bool {
    last.is_some() && last == this
}

/// Tells one boot of the system from another, where it says.
fn boot() -> Option<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let boot = boot.trim();
    (!boot.is_empty()).then(|| boot.to_owned())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use sqlx::AssertSqlSafe;
    use tempfile::TempDir;

    use super::*;
    use crate::store::{QuotaJournal, Store, StoreErrorKind, sqlite::SqliteStore};

    const MONTH: Month = Month::from_index(683);

    struct Files(TempDir);

    impl Files {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }

        async fn open(&self) -> SqliteStore {
            SqliteStore::open(self.path("license.db")).await.unwrap()
        }

        /// Takes 100 units, spends some, and is killed.
        async fn take_and_spend(&self, spent: u64) {
            take(&self.open().await, 100).await.note(spent).unwrap();
        }
    }

    async fn take(store: &SqliteStore, units: u64) -> Arc<dyn QuotaJournal> {
        let request = QuotaRequest::new(units, units, None);
        let grant = store.take_quota("quota", MONTH, request).await.unwrap();
        assert_eq!(grant.granted, units);
        grant.journal.unwrap()
    }

    async fn taken(store: &SqliteStore) -> u64 {
        store.quota_taken("quota", MONTH).await.unwrap()
    }

    async fn sql(store: &SqliteStore, statement: &str) {
        let mut turn = store.connection().unwrap().turn().await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(turn.connection().unwrap()).await.unwrap();
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn after_a_kill_exactly_what_was_noted_is_spent() {
        for spent in [0, 1, 37, 100] {
            let files = Files::new();
            files.take_and_spend(spent).await;
            assert_eq!(taken(&files.open().await).await, spent);
            assert_eq!(taken(&files.open().await).await, spent, "and after the next");
        }
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn killed_again_and_again_it_counts_on() {
        let files = Files::new();
        for round in 0..10 {
            let store = files.open().await;
            assert_eq!(taken(&store).await, round * 37);
            let journal = take(&store, 100).await;
            journal.note(round * 37 + 7).unwrap();
            let journal = take(&store, 50).await;
            journal.note(round * 37 + 37).unwrap();
            journal.note(round * 37 + 12).unwrap();
            assert_eq!(taken(&store).await, round * 37 + 150, "open blocks are taken");
        }
    }

    #[tokio::test]
    async fn in_another_boot_an_open_block_counts_as_spent() {
        for boot in ["'another'", "NULL"] {
            let files = Files::new();
            files.take_and_spend(37).await;
            let store = files.open().await;
            sql(&store, &format!("UPDATE license_quota_session SET boot = {boot}")).await;
            assert_eq!(taken(&store).await, 100, "{boot}");
        }
    }

    #[test]
    fn a_boot_that_is_not_known_is_another() {
        assert!(is_same_boot(Some("a"), Some("a")));
        for (last, this) in [(Some("a"), Some("b")), (None, Some("a")), (Some("a"), None)] {
            assert!(!is_same_boot(last, this));
        }
        assert!(!is_same_boot(None, None));
    }

    #[tokio::test]
    async fn without_the_notes_an_open_block_counts_as_spent() {
        for notes in [None, Some(&b""[..]), Some(&[0; 40]), Some(&[0xff; 4096])] {
            let files = Files::new();
            files.take_and_spend(37).await;
            fs::remove_file(files.path("license.db-quota")).unwrap();
            if let Some(notes) = notes {
                fs::write(files.path("license.db-quota"), notes).unwrap();
            }
            assert_eq!(taken(&files.open().await).await, 100);
        }
    }

    #[tokio::test]
    async fn notes_of_an_earlier_session_count_for_nothing() {
        let files = Files::new();
        files.take_and_spend(37).await;
        let notes = fs::read(files.path("license.db-quota")).unwrap();
        let store = files.open().await;
        let before = taken(&store).await;
        drop(take(&store, 100).await);
        drop(store);
        fs::write(files.path("license.db-quota"), notes).unwrap();
        assert_eq!(taken(&files.open().await).await, before + 100);
    }

    #[tokio::test]
    async fn a_note_of_more_than_was_taken_is_what_was_taken() {
        for spent in [101, u64::MAX] {
            let files = Files::new();
            files.take_and_spend(spent).await;
            assert_eq!(taken(&files.open().await).await, 100);
        }
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn quotas_and_months_are_noted_apart() {
        let files = Files::new();
        let store = files.open().await;
        let months = [Month::from_index(1), Month::from_index(2)];
        for (number, limit) in (1..).zip(["a", "b", "c"]) {
            for (month, spent) in months.into_iter().zip([number, number * 10]) {
                let request = QuotaRequest::new(100, 100, None);
                let grant = store.take_quota(limit, month, request).await.unwrap();
                grant.journal.unwrap().note(spent).unwrap();
            }
        }
        drop(store);
        let store = files.open().await;
        for (number, limit) in (1..).zip(["a", "b", "c"]) {
            for (month, spent) in months.into_iter().zip([number, number * 10]) {
                assert_eq!(store.quota_taken(limit, month).await.unwrap(), spent);
            }
        }
    }

    #[tokio::test]
    async fn one_process_at_a_time_counts_and_the_next_goes_on() {
        let files = Files::new();
        let (one, two) = (files.open().await, files.open().await);
        take(&one, 5).await.note(3).unwrap();
        for _ in 0..2 {
            let error = two.quota_taken("quota", MONTH).await.unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::Unavailable);
            let cause = std::error::Error::source(&error).unwrap().to_string();
            assert!(cause.contains("another process"), "{cause}");
        }
        two.load().await.unwrap();
        one.return_quota("quota", MONTH, 2).await.unwrap();
        one.close().await;
        assert_eq!(taken(&two).await, 3);
        let error = one.quota_taken("quota", MONTH).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unavailable, "it is closed");
        assert_eq!(taken(&two).await, 3);
    }

    #[tokio::test]
    async fn where_the_database_cannot_be_written_no_block_is_taken_and_notes_go_on() {
        let files = Files::new();
        let store = files.open().await;
        let journal = take(&store, 5).await;
        sql(&store, "PRAGMA query_only = 1").await;
        let request = QuotaRequest::new(1, 1, None);
        let error = store.take_quota("quota", MONTH, request).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unavailable);
        journal.note(5).unwrap();
        sql(&store, "PRAGMA query_only = 0").await;
        assert_eq!(taken(&store).await, 5);
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn the_notes_are_readable_by_their_owner_alone() {
        use std::os::unix::fs::PermissionsExt;

        let files = Files::new();
        files.take_and_spend(1).await;
        let mode = fs::metadata(files.path("license.db-quota")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
