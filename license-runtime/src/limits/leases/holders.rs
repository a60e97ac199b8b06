//! Hosts that say by an API that they are there, instead of holding a
//! connection.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use license_core::HostId;

use super::hosts::LeaseGuard;

/// A lease that its holder has to renew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lease {
    /// The number to renew or release it by. Another one may come with every
    /// renewal.
    pub generation: u64,
    /// How long it lives from now on.
    pub ttl: Duration,
}

/// The guards of those holders.
#[derive(Debug, Default)]
pub(super) struct Holders(Mutex<HashMap<HostId, Holder>>);

#[derive(Debug)]
struct Holder {
    /// Dropped when the lease ends.
    _guard: LeaseGuard,
    generation: u64,
    /// By the monotonic clock.
    until: Duration,
}

impl Holders {
    /// Keeps a guard; one that is there already has come to its end.
    pub(super) fn keep(&self, guard: LeaseGuard, generation: u64, until: Duration) {
        let host = guard.host().clone();
        let before = self.holders().insert(host, Holder { _guard: guard, generation, until });
        drop(before);
    }

    /// Lets a lease live on, if it still does at this moment.
    pub(super) fn renew(
        &self,
        host: &HostId,
        generation: u64,
        now: Duration,
        until: Duration,
    ) -> bool {
        match self.holders().get_mut(host) {
            Some(holder) if holder.generation == generation && now < holder.until => {
                holder.until = until;
                true
            }
            _ => false,
        }
    }

    /// Ends a lease. Returns whether it was there.
    pub(super) fn release(&self, host: &HostId, generation: u64) -> bool {
        let ended = {
            let mut holders = self.holders();
            match holders.get(host) {
                Some(holder) if holder.generation == generation => holders.remove(host),
                _ => None,
            }
        };
        ended.is_some()
    }

    /// Ends what was not renewed in time.
    pub(super) fn expire(&self, now: Duration) {
        let ended: Vec<_> = self.holders().extract_if(|_, holder| holder.until <= now).collect();
        drop(ended);
    }

    pub(super) fn clear(&self) {
        let ended = std::mem::take(&mut *self.holders());
        drop(ended);
    }

    fn holders(&self) -> MutexGuard<'_, HashMap<HostId, Holder>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
