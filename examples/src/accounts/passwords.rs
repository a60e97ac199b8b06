//! Passwords: two are checked at a time, in memory that is used again, so that
//! no flood of them takes the memory or the processors of the service.

use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::{self, Output, PasswordHash, Salt, SaltString},
};
use rand::rngs::OsRng;
use tokio::task::{JoinError, spawn_blocking};

use crate::accounts::waiting_room::{self, Busy, Visitor, WaitingRoom};

/// Whose turn it is. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Passwords {
    room: Arc<WaitingRoom>,
    memories: Arc<Memories>,
}

/// The turn of one request. It lasts until this, and what was begun with it,
/// has ended.
#[derive(Clone, Debug)]
pub(crate) struct Turn(Arc<Held>);

/// Why a password could not be hashed or checked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordError {
    /// The hash is none, or cannot be made.
    #[error("password hashing failed")]
    Hash(#[from] password_hash::Error),
    /// The service stopped meanwhile.
    #[error("password hashing was interrupted")]
    Interrupted(#[from] JoinError),
}

#[derive(Debug)]
struct Held {
    memories: Arc<Memories>,
    _turn: waiting_room::Turn,
}

/// Memory to hash in, as much as there are turns. A new one for each password
/// would be left behind in the heap of whichever thread had it.
type Memories = Mutex<Vec<Vec<Block>>>;

/// How many passwords are checked at a time.
const TURNS: usize = 2;
/// How many more wait.
const WAITING: usize = 64;

impl Passwords {
    pub(crate) fn new() -> Self {
        Self { room: Arc::new(WaitingRoom::new(TURNS, WAITING)), memories: Arc::default() }
    }

    /// Waits for a turn.
    pub(crate) async fn turn(&self, visitor: Visitor) -> Result<Turn, Busy> {
        let turn = self.room.turn(visitor).await?;
        Ok(Turn(Arc::new(Held { memories: Arc::clone(&self.memories), _turn: turn })))
    }
}

impl Turn {
    /// Hashes a password.
    pub(crate) async fn hash(&self, password: String) -> Result<String, PasswordError> {
        self.work(move |memory| {
            let salt = SaltString::generate(&mut OsRng);
            let (algorithm, version, params) = Default::default();
            let hash =
                compute(password.as_bytes(), salt.as_salt(), algorithm, version, &params, memory)?;
            let hash = PasswordHash {
                algorithm: algorithm.ident(),
                version: Some(version.into()),
                params: (&params).try_into()?,
                salt: Some(salt.as_salt()),
                hash: Some(hash),
            };
            Ok(hash.to_string())
        })
        .await
    }

    /// Whether a password is the one of this hash. Takes as long where there
    /// is no hash.
    pub(crate) async fn check(
        &self,
        password: String,
        hash: Option<String>,
    ) -> Result<bool, PasswordError> {
        let Some(hash) = hash else { return self.hash(password).await.map(|_| false) };
        self.work(move |memory| {
            let hash = PasswordHash::new(&hash)?;
            let (Some(salt), Some(expected)) = (hash.salt, hash.hash) else {
                return Err(password_hash::Error::Password);
            };
            let algorithm = hash.algorithm.try_into()?;
            let version = hash.version.map_or(Ok(Version::V0x13), Version::try_from)?;
            let params = Params::try_from(&hash)?;
            let found = compute(password.as_bytes(), salt, algorithm, version, &params, memory)?;
            // In constant time.
            Ok(found == expected)
        })
        .await
    }

    /// Does work on a thread that may take its time. The turn goes on until
    /// it is done, whoever still waits for it.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Vec<Block>) -> Result<T, password_hash::Error> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let held = Arc::clone(&self.0);
        let worked = spawn_blocking(move || {
            let mut memory = held.memories().pop().unwrap_or_default();
            let result = work(&mut memory);
            held.memories().push(mem::take(&mut memory));
            result
        });
        Ok(worked.await??)
    }
}

impl Held {
    fn memories(&self) -> MutexGuard<'_, Vec<Vec<Block>>> {
        self.memories.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn compute(
    password: &[u8],
    salt: Salt<'_>,
    algorithm: Algorithm,
    version: Version,
    params: &Params,
    memory: &mut Vec<Block>,
) -> Result<Output, password_hash::Error> {
    let mut buffer = [0; Salt::MAX_LENGTH];
    let salt = salt.decode_b64(&mut buffer)?;
    memory.resize(params.block_count(), Block::default());
    let argon2 = Argon2::new(algorithm, version, params.clone());
    let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
    Output::init_with(length, |output| {
        Ok(argon2.hash_password_into_with_memory(password, salt, output, memory)?)
    })
}

#[cfg(test)]
mod tests {
    use argon2::{PasswordHasher, PasswordVerifier};

    use super::*;

    #[tokio::test]
    async fn hashes_are_argon2s_own_however_often_the_memory_was_used() {
        let passwords = Passwords::new();
        let turn = passwords.turn(Visitor::SERVICE).await.unwrap();
        let salt = SaltString::generate(&mut OsRng);
        let theirs = Argon2::default().hash_password(b"one", &salt).unwrap().to_string();
        for _ in 0..2 {
            let ours = turn.hash("one".to_owned()).await.unwrap();
            let parsed = PasswordHash::new(&ours).unwrap();
            assert!(Argon2::default().verify_password(b"one", &parsed).is_ok());
            for hash in [&ours, &theirs] {
                assert!(turn.check("one".to_owned(), Some(hash.clone())).await.unwrap());
                assert!(!turn.check("two".to_owned(), Some(hash.clone())).await.unwrap());
            }
            assert!(!turn.check("one".to_owned(), None).await.unwrap());
        }
        assert!(turn.check("one".to_owned(), Some("no hash".to_owned())).await.is_err());
        assert_eq!(turn.0.memories().len(), 1);
    }
}
