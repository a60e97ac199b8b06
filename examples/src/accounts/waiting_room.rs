//! Who waits for a turn, where many do: addresses have theirs in rotation,
//! however many each of them waits with, and those that somebody signed in from
//! lately come before the rest. So no flood from elsewhere keeps anybody out.

use std::{
    collections::VecDeque,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::oneshot, time::timeout};

/// A number of turns, and of places to wait for one.
#[derive(Debug)]
pub(crate) struct WaitingRoom(Mutex<Waiting>);

/// One turn. When it is over the next has it.
#[derive(Debug)]
pub(crate) struct Turn(Arc<WaitingRoom>);

/// There was no place to wait in, or no turn for a long time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Busy;

/// From where somebody asks for a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Visitor {
    /// None for the service itself.
    pub(crate) address: Option<IpAddr>,
    /// Whether somebody signed in from there lately.
    pub(crate) known: bool,
}

impl Visitor {
    /// The service itself, and who is signed in there.
    pub(crate) const SERVICE: Self = Self { address: None, known: true };
}

#[derive(Debug)]
struct Waiting {
    free: usize,
    places: usize,
    /// One for each address; whose turn is next comes first.
    lines: VecDeque<Line>,
}

#[derive(Debug)]
struct Line {
    of: Visitor,
    /// Never empty; who came first comes first.
    waiting: VecDeque<oneshot::Sender<Turn>>,
}

/// How long one waits at most; a database that does not answer holds them up.
const PATIENCE: Duration = Duration::from_secs(10);

impl WaitingRoom {
    pub(crate) fn new(turns: usize, places: usize) -> Self {
        Self(Mutex::new(Waiting { free: turns, places, lines: VecDeque::new() }))
    }

    /// Waits for a turn.
    pub(crate) async fn turn(self: &Arc<Self>, visitor: Visitor) -> Result<Turn, Busy> {
        let called = {
            let mut waiting = self.waiting();
            if waiting.free > 0 {
                waiting.free -= 1;
                return Ok(Turn(Arc::clone(self)));
            }
            waiting.enter(visitor)?
        };
        timeout(PATIENCE, called).await.map_err(|_| Busy)?.map_err(|_| Busy)
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let next = self.0.waiting().next();
        if let Some(next) = next {
            // Who has gone meanwhile drops it, and so passes it on.
            let _ = next.send(Self(Arc::clone(&self.0)));
        }
    }
}

impl Waiting {
    /// Takes a place; where there is none left, that of somebody else.
    fn enter(&mut self, visitor: Visitor) -> Result<oneshot::Receiver<Turn>, Busy> {
        self.forget_gone();
        let taken: usize = self.lines.iter().map(|line| line.waiting.len()).sum();
        if taken >= self.places {
            self.make_room(visitor)?;
        }
        let (sender, called) = oneshot::channel();
        match self.line_of(visitor.address) {
            Some(line) => {
                line.of.known |= visitor.known;
                line.waiting.push_back(sender);
            }
            None => {
                let waiting = VecDeque::from([sender]);
                self.lines.push_back(Line { of: visitor, waiting });
            }
        }
        Ok(called)
    }

    /// Sends away who came last of the longest line, if that is one of
    /// strangers and this visitor is none, or is still the longer one then.
    fn make_room(&mut self, visitor: Visitor) -> Result<(), Busy> {
        let own = self.line_of(visitor.address).map_or(0, |line| line.waiting.len());
        let longest = self.lines.iter_mut().max_by_key(|it| (!it.of.known, it.waiting.len()));
        let longest = longest.ok_or(Busy)?;
        let gives_way = match (longest.of.known, visitor.known) {
            (false, true) => true,
            (true, false) => false,
            _ => longest.waiting.len() > own + 1,
        };
        if !gives_way {
            return Err(Busy);
        }
        longest.waiting.pop_back();
        self.lines.retain(|line| !line.waiting.is_empty());
        Ok(())
    }

    /// Whose turn is next. Without anybody the turn is free.
    fn next(&mut self) -> Option<oneshot::Sender<Turn>> {
        self.forget_gone();
        let next = self.lines.iter().position(|line| line.of.known).unwrap_or_default();
        let Some(mut line) = self.lines.remove(next) else {
            self.free += 1;
            return None;
        };
        let called = line.waiting.pop_front();
        if !line.waiting.is_empty() {
            self.lines.push_back(line);
        }
        called
    }

    fn line_of(&mut self, address: Option<IpAddr>) -> Option<&mut Line> {
        self.lines.iter_mut().find(|line| line.of.address == address)
    }

    fn forget_gone(&mut self) {
        for line in &mut self.lines {
            line.waiting.retain(|waiting| !waiting.is_closed());
        }
        self.lines.retain(|line| !line.waiting.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use futures_util::FutureExt;

    use super::*;

    fn visitor(number: u8) -> Visitor {
        Visitor { address: Some(Ipv4Addr::new(192, 0, 2, number).into()), known: false }
    }

    fn known(number: u8) -> Visitor {
        Visitor { known: true, ..visitor(number) }
    }

    type Waits = std::pin::Pin<Box<dyn Future<Output = Result<Turn, Busy>>>>;

    /// Comes in, and waits.
    fn waits(room: &Arc<WaitingRoom>, visitor: Visitor) -> Waits {
        let room = Arc::clone(room);
        let mut turn: Waits = Box::pin(async move { room.turn(visitor).await });
        assert!((&mut turn).now_or_never().is_none(), "{visitor:?} does not wait");
        turn
    }

    fn busy(room: &Arc<WaitingRoom>, visitor: Visitor) {
        assert_eq!(room.turn(visitor).now_or_never().unwrap().unwrap_err(), Busy);
    }

    #[tokio::test(start_paused = true)]
    async fn so_many_have_a_turn_so_many_wait_and_no_more() {
        let room = Arc::new(WaitingRoom::new(2, 3));
        let turns = [room.turn(visitor(1)).await.unwrap(), room.turn(visitor(1)).await.unwrap()];
        let waiting = [1, 1, 1].map(|number| waits(&room, visitor(number)));
        busy(&room, visitor(1));
        drop(turns);
        for waiting in waiting {
            drop(waiting.await.unwrap());
        }
        assert_eq!(room.waiting().free, 2);
        let turns = [room.turn(visitor(1)).await.unwrap(), room.turn(visitor(1)).await.unwrap()];
        // Nobody waits for ever, and who gives up leaves the place.
        assert_eq!(room.turn(visitor(1)).await.unwrap_err(), Busy);
        let waiting = [1, 1, 1].map(|number| waits(&room, visitor(number)));
        drop(waiting);
        drop(turns);
        assert_eq!(room.waiting().free, 2);
        assert!(room.turn(visitor(1)).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn addresses_have_their_turns_in_rotation_and_who_is_known_comes_first() {
        let room = Arc::new(WaitingRoom::new(1, 64));
        let mut turn = room.turn(visitor(1)).await.unwrap();
        let flood = [1, 1, 1, 2, 2].map(|number| waits(&room, visitor(number)));
        let [mut a, mut b, mut c, mut d, _e] = flood;
        let mut f = waits(&room, known(3));
        for (place, next) in [&mut f, &mut a, &mut d, &mut b].into_iter().enumerate() {
            drop(turn);
            turn = next.now_or_never().unwrap_or_else(|| panic!("number {place}")).unwrap();
        }
        drop(turn);
        assert!((&mut c).now_or_never().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_room_has_a_place_for_an_address_with_fewer_and_for_who_is_known() {
        let room = Arc::new(WaitingRoom::new(1, 3));
        let turn = room.turn(visitor(1)).await.unwrap();
        let [_a, _b, c] = [1, 1, 1].map(|number| waits(&room, visitor(number)));
        let d = waits(&room, visitor(2));
        assert_eq!(c.now_or_never().unwrap().unwrap_err(), Busy);
        // As many as the rest: nobody gains by coming again.
        busy(&room, visitor(1));
        busy(&room, visitor(2));
        let e = waits(&room, visitor(3));
        busy(&room, visitor(4));
        // Three addresses with one each; who is known has a place all the same.
        let f = waits(&room, known(4));
        busy(&room, visitor(5));
        let [_g, _h] = [5, 6].map(|number| waits(&room, known(number)));
        busy(&room, known(7));
        drop(turn);
        assert!(f.now_or_never().unwrap().is_ok());
        drop((d, e));
    }
}
