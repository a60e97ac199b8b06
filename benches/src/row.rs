//! One figure of the report.

use std::fmt;

use crate::beside::Beside;

/// Work that is repeated and timed.
pub struct Row {
    id: &'static str,
    label: String,
    work: Box<dyn FnMut(u64) -> u16>,
    answers: u16,
    reference: Option<Reference>,
    beside: Option<Beside>,
}

/// The row that another is compared with.
#[derive(Clone, Copy, Debug)]
pub struct Reference {
    /// Its id.
    pub id: &'static str,
    /// Whether the compared row must allocate no more than this one.
    pub without_allocating: bool,
}

/// Rows that are timed in turn.
#[derive(Debug)]
#[non_exhaustive]
pub struct Group {
    /// The heading.
    pub title: &'static str,
    /// What the last two columns compare with.
    pub beyond: &'static str,
    /// The rows.
    pub rows: Vec<Row>,
}

impl Row {
    /// A row. `work` is called with the number of repetitions and returns
    /// what the last one answered, as an HTTP status; 200 for what is not
    /// HTTP.
    pub(crate) fn new(
        id: &'static str,
        label: impl Into<String>,
        work: impl FnMut(u64) -> u16 + 'static,
    ) -> Self {
        let (label, work) = (label.into(), Box::new(work));
        Self { id, label, work, answers: 200, reference: None, beside: None }
    }

    /// Compares with another row of the group.
    pub(crate) fn beyond(mut self, id: &'static str) -> Self {
        self.reference = Some(Reference { id, without_allocating: false });
        self
    }

    /// Compares with another row of the group, and must not allocate more.
    pub(crate) fn allocating_like(mut self, id: &'static str) -> Self {
        self.reference = Some(Reference { id, without_allocating: true });
        self
    }

    /// What every repetition must answer; 200 unless set.
    pub(crate) fn answering(mut self, status: u16) -> Self {
        self.answers = status;
        self
    }

    /// Does something else at the same time, on a thread of its own.
    pub(crate) fn beside(mut self, beside: Beside) -> Self {
        self.beside = Some(beside);
        self
    }

    /// The short name that stays.
    pub fn id(&self) -> &'static str {
        self.id
    }

    /// What it is, for readers.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// What it is compared with.
    pub fn reference(&self) -> Option<Reference> {
        self.reference
    }

    /// How often a second the work beside it was done, while it was.
    pub fn beside_per_second(&self) -> Option<f64> {
        self.beside.as_ref().map(Beside::per_second)
    }

    /// Whether a second thread works beside it.
    pub fn has_company(&self) -> bool {
        self.beside.is_some()
    }

    /// Runs `inside` while the thread beside works, if there is one.
    pub fn accompanied<T>(&mut self, inside: impl FnOnce(&mut Self) -> T) -> T {
        if let Some(beside) = &mut self.beside {
            beside.resume();
        }
        let result = inside(self);
        if let Some(beside) = &mut self.beside {
            beside.pause();
        }
        result
    }

    /// Repeats the work.
    ///
    /// # Panics
    ///
    /// If the last repetition did not answer what it should.
    pub fn run(&mut self, times: u64) {
        let answer = (self.work)(times);
        assert_eq!(answer, self.answers, "{} is set up wrongly", self.id);
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Row").field("id", &self.id).finish_non_exhaustive()
    }
}
