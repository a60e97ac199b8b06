//! The tests in `tests` are all there is.
