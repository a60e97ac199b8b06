//! The book against a store, event by event: every order of a few events, and
//! long runs of many.
//!
//! Whoever talks to the store lets go of the book meanwhile, so that anything
//! may happen between what is sent and its answer. All of it goes through one
//! lock: an interleaving is an order of calls, and they can be counted out.

use std::collections::{BTreeMap, BTreeSet};

use license_core::{Denial, HostId};
use proptest::prelude::*;
use tokio::sync::oneshot::{self, error::TryRecvError};

use super::book::{Book, Flight, Outcomes, Refused};
use crate::store::{LeaseAnswers, LeaseBasis, LeaseChanges, LeaseClaim, LeaseNode, LeaseVerdict};

/// What can happen. Each names one of two hosts, where it is about one.
#[derive(Clone, Copy, Debug)]
enum Event {
    Connect(usize),
    Disconnect(usize),
    /// Whoever waits longest for a host goes away.
    GiveUp(usize),
    /// What is queued is sent.
    Send,
    /// The store does it, and answers.
    Answer,
    /// The store does it, and the answer is lost.
    AnswerLost,
    /// The store does nothing.
    Fail,
    /// The store forgets this node and all its leases.
    Sweep,
    /// The node beats, under a new number if it was forgotten.
    Beat,
}

use Event::{Answer, AnswerLost, Beat, Connect, Disconnect, Fail, GiveUp, Send, Sweep};

const EVENTS: &[Event] = &[
    Connect(0),
    Connect(1),
    Disconnect(0),
    Disconnect(1),
    GiveUp(0),
    Send,
    Answer,
    AnswerLost,
    Fail,
    Sweep,
    Beat,
];

/// One host may be connected.
const CAP: u64 = 1;

type Answered = Result<((), u64), Refused>;

/// A node, the connections to it, and the store.
#[derive(Default)]
struct World {
    book: Book<()>,
    /// How many connections of each host live.
    connected: BTreeMap<HostId, usize>,
    waiting: Vec<(HostId, oneshot::Receiver<Answered>)>,
    flight: Option<(Flight, LeaseChanges, LeaseNode)>,
    away: bool,
    /// The number that the node knows.
    known: u64,
    /// The number that the store knows, and the leases under it.
    current: u64,
    leases: BTreeMap<HostId, u64>,
    generation: u64,
}

fn host(n: usize) -> HostId {
    ["build-1", "build-2"][n].parse().unwrap()
}

impl World {
    /// Lets something happen. Returns whether it could.
    fn let_happen(&mut self, event: Event) -> bool {
        match event {
            Connect(n) => self.connect(&host(n)),
            Disconnect(n) => return self.disconnect(&host(n)),
            GiveUp(n) => {
                let host = host(n);
                let Some(at) = self.waiting.iter().position(|(it, _)| *it == host) else {
                    return false;
                };
                self.waiting.remove(at);
            }
            Send => return self.send(),
            Answer | AnswerLost | Fail => {
                let Some((flight, changes, node)) = self.flight.take() else { return false };
                let answers = match event {
                    Fail => None,
                    _ => Some(self.change(node, &changes)),
                };
                let mut told = Outcomes::default();
                match answers.filter(|_| matches!(event, Answer)) {
                    Some(Some(answers)) => {
                        self.book.arrive(flight, &answers, &mut told);
                        self.away = false;
                    }
                    Some(None) => self.book.turn_back(flight),
                    None => {
                        self.book.crash(Some(flight), &mut told);
                        self.away = true;
                    }
                }
                self.tell(told);
            }
            Sweep => {
                if self.known != self.current {
                    return false;
                }
                self.current += 1;
                self.leases.clear();
            }
            Beat => self.beat(),
        }
        true
    }

    fn connect(&mut self, host: &HostId) {
        let before = self.connected.get(host).copied().unwrap_or(0);
        // Certain: the store is not overdue to forget this node, and has not.
        let certain = (self.known == self.current).then(|| LeaseNode::new(self.known));
        if self.book.join(host, certain) {
            assert!(before > 0 || self.leases.contains_key(host), "{host} has no lease");
            *self.connected.entry(host.clone()).or_default() += 1;
            return;
        }
        assert_eq!(before, 0, "whoever is connected may connect again");
        let (waiter, answer) = oneshot::channel();
        self.book.ask(host.clone(), LeaseBasis::New, waiter);
        self.waiting.push((host.clone(), answer));
    }

    fn disconnect(&mut self, host: &HostId) -> bool {
        let Some(connections) = self.connected.get_mut(host) else { return false };
        *connections -= 1;
        if *connections == 0 {
            self.connected.remove(host);
        }
        self.book.leave(host);
        true
    }

    fn send(&mut self) -> bool {
        if self.flight.is_some() || !self.book.has_work(self.away) {
            return false;
        }
        let node = LeaseNode::new(self.known);
        let mut told = Outcomes::default();
        let cap: Result<_, Denial> = Ok(Some(CAP));
        let departed = self.book.depart(node, "hosts", &cap, self.away, &mut told);
        self.tell(told);
        if let Some((_, changes)) = &departed {
            let returning = |claim: &LeaseClaim| claim.basis == LeaseBasis::Returning;
            let sorted = changes.claims.is_sorted_by_key(|claim| !returning(claim));
            assert!(sorted, "whoever connects comes after those who return: {changes:?}");
        }
        self.flight = departed.map(|(flight, changes)| (flight, changes, node));
        true
    }

    fn beat(&mut self) {
        self.known = self.current;
        self.away = false;
        self.book.beaten(LeaseNode::new(self.known));
    }

    /// What a store does.
    fn change(&mut self, node: LeaseNode, changes: &LeaseChanges) -> Option<LeaseAnswers> {
        if node != LeaseNode::new(self.current) {
            return None;
        }
        for release in &changes.releases {
            let held = self.leases.get(&release.host).copied();
            if held.is_some_and(|held| release.generation.is_none_or(|it| it == held)) {
                self.leases.remove(&release.host);
            }
        }
        let mut verdicts = Vec::new();
        for claim in &changes.claims {
            let held = self.leases.contains_key(&claim.host);
            if !held && self.leases.len() as u64 >= CAP {
                verdicts.push(LeaseVerdict::Full);
                continue;
            }
            self.generation += 1;
            self.leases.insert(claim.host.clone(), self.generation);
            verdicts.push(LeaseVerdict::Granted(self.generation));
        }
        Some(LeaseAnswers::new(verdicts, self.leases.len() as u64))
    }

    /// Tells those who wait, as `Hosts` does: whoever has gone away leaves at
    /// once.
    fn tell(&mut self, told: Outcomes<()>) {
        for (host, generation, waiter) in told.granted {
            if waiter.send(Ok(((), generation))).is_err() {
                self.book.leave(&host);
            }
        }
        for (refused, _, waiter) in told.refused {
            let _ = waiter.send(Err(refused));
        }
        for (host, mut answer) in std::mem::take(&mut self.waiting) {
            match answer.try_recv() {
                Ok(Ok(_)) => *self.connected.entry(host).or_default() += 1,
                Ok(Err(_)) => {}
                Err(TryRecvError::Empty) => self.waiting.push((host, answer)),
                Err(TryRecvError::Closed) => panic!("{host} was never answered"),
            }
        }
    }

    /// From here on nothing fails: what was promised has to come about.
    fn settle(&mut self) {
        self.let_happen(Answer);
        for _ in 0..3 {
            self.beat();
            for _ in 0..8 {
                self.send();
                self.let_happen(Answer);
            }
        }
        assert!(self.waiting.is_empty(), "somebody waits for ever");
        assert!(!self.book.has_work(false), "there is always something to do");
        let connected: BTreeSet<&HostId> = self.connected.keys().collect();
        let leased: BTreeSet<&HostId> = self.leases.keys().collect();
        assert!(leased.is_subset(&connected), "a lease of nobody: {leased:?}, {connected:?}");
        let full = leased.len() as u64 >= CAP;
        assert!(full || leased == connected, "{connected:?} without a lease beside free places");
    }
}

/// A world after some events; `None` where one of them could not happen.
fn after(events: &[Event]) -> Option<World> {
    let mut world = World::default();
    world.beat();
    events.iter().all(|event| world.let_happen(*event)).then_some(world)
}

/// Goes through every order of events that begins like this.
fn explore(events: &mut Vec<Event>, depth: usize) -> usize {
    let Some(mut world) = after(events) else { return 0 };
    world.settle();
    let mut seen = 1;
    if depth > 0 {
        for event in EVENTS {
            events.push(*event);
            seen += explore(events, depth - 1);
            events.pop();
        }
    }
    seen
}

#[test]
fn in_every_order_of_six_events_nobody_waits_for_ever_and_no_lease_is_left_behind() {
    let seen = explore(&mut Vec::new(), if cfg!(miri) { 3 } else { 6 });
    assert!(cfg!(miri) || seen > 20_000, "only {seen} orders");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..Default::default() })]

    #[test]
    fn after_any_run_of_events_everybody_is_answered_and_what_is_connected_has_a_lease(
        events in proptest::collection::vec(proptest::sample::select(EVENTS), 0..80),
    ) {
        let mut world = World::default();
        world.beat();
        for event in events {
            world.let_happen(event);
        }
        world.settle();
    }
}
