//! How a license gets to a service, for the texts that say what to do.

/// How a new license gets to this service: what a denial's `remedy` names, so
/// that it never names a way that does not exist. A runtime that follows
/// sources says so by itself; see
/// [`Control::set_delivery`](crate::licensing::Control::set_delivery).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Delivery {
    /// An administrator installs it.
    #[default]
    Upload,
    /// It takes the place of a file that the service follows.
    File,
    /// It is given when the service starts: in the environment, as a flag, or
    /// in a file that is read only then.
    Start,
}
