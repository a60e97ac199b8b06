//! The state as a thread last saw it.
//!
//! Loading an [`ArcSwap`] takes two atomic exchanges; to see that it still
//! holds what it held takes one plain read. A thread therefore keeps the
//! state it used last, together with where it came from, and exchanges
//! nothing until a new state is published. Publishing happens before the
//! publisher goes on, so whoever knows of it sees it.
//!
//! A thread that rests keeps a state alive that may be outdated; it is never
//! used. Handles that take turns on one thread pay for a full load each time.

use std::{cell::Cell, ptr, sync::Arc};

use arc_swap::{ArcSwap, Cache};

use crate::decide::State;

thread_local! {
    static LAST: Cell<Option<Last>> = const { Cell::new(None) };
}

/// A state, and the cell that it came from.
type Last = Cache<Arc<ArcSwap<State>>, Arc<State>>;

/// Shows `state` as it stands now.
pub(crate) fn with<R>(state: &Arc<ArcSwap<State>>, look: impl FnOnce(&State) -> R) -> R {
    // Taken, not borrowed: whoever looks may look again. While the thread ends
    // there is nothing to take.
    let last = LAST.try_with(Cell::take).ok().flatten();
    let mut cache = match last {
        Some(cache) if ptr::eq(cache.arc_swap(), &**state) => cache,
        _ => Cache::new(Arc::clone(state)),
    };
    let result = look(cache.load());
    let _ = LAST.try_with(|last| last.set(Some(cache)));
    result
}
