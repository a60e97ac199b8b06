//! What the example services have in common: flags, demo mode, accounts and
//! sessions, serving, web clients. Nothing here decides about a license.

mod accounts;
mod answer;
mod documents;
pub mod openapi;
mod query;
mod refusal;
mod serving;
mod setup;
pub mod web;

pub use accounts::{
    ADMINISTRATOR, Account, Accounts, AccountsError, Administrator, Auth, NewAccount,
    PasswordError, User, bearer, curl_credentials, is_email_address, open_accounts, random_hex,
};
pub use answer::{Id, Json, OptionalJson, Raw, internal, method_not_allowed, not_found};
pub use documents::{Document, Documents};
pub use query::refuse_query;
pub use refusal::Refusal;
pub use serving::{Connections, RequestBody, listen, run, serve, tell};
pub use setup::{
    Demo, Secret, Settings, Setup, StartError, TrustedKeys, arguments, trusted_keys, verifier,
    verifier_of, write_private,
};
