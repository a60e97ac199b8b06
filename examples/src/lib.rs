//! What the example services have in common: flags, demo mode, accounts and
//! sessions, serving. Nothing here decides about a license.

mod accounts;
mod activity;
mod answer;
mod arguments;
mod attempts;
mod auth;
mod client_address;
mod clock;
mod connections;
mod database;
mod demo;
mod documents;
mod keys;
mod passwords;
mod proxies;
mod query;
mod refusal;
mod secret;
mod serve;
mod sessions;
mod settings;
mod setup;
mod waiting_room;

pub use accounts::{Account, Accounts, AccountsError, NewAccount, is_email_address, random_hex};
pub use answer::{Id, Json, OptionalJson, Raw, internal, method_not_allowed, not_found};
pub use arguments::arguments;
pub use auth::{ADMINISTRATOR, Administrator, Auth, User, bearer, curl_credentials, open_accounts};
pub use connections::{Connections, RequestBody};
pub use demo::{Demo, write_private};
pub use documents::{Document, Documents};
pub use keys::verifier;
pub use passwords::PasswordError;
pub use query::refuse_query;
pub use refusal::Refusal;
pub use secret::Secret;
pub use serve::{listen, run, serve, tell};
pub use settings::{Settings, StartError};
pub use setup::Setup;
