//! Mail before the license expires.

use axum::extract::State;
use clap::Args;
use license_axum::Problem;
use license_core::Product;
use license_examples::{
    Accounts, Administrator, Json, StartError, internal,
    openapi::{Changing, ForAdministrators, Undelivered},
};
use license_runtime::alerts::{Alerts, AlertsError, LocalTime, SentAlert};
#[cfg(feature = "mail")]
use license_runtime::alerts::{Mail, MailError};
#[cfg(feature = "mail")]
use license_texts::Texts;
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use crate::AppState;

/// Where alerts go, and when.
#[derive(Args)]
pub(crate) struct AlertSettings {
    /// The mail server for alerts before the license expires:
    /// smtp://host:port without encryption, smtp+starttls:// or smtps:// with;
    /// user and password may stand before the host
    #[arg(long, env = "SMTP_URL", hide_env_values = true, requires = "alert_from")]
    smtp_url: Option<String>,

    /// The sender of alerts
    #[arg(long, env = "ALERT_FROM")]
    alert_from: Option<String>,

    /// Who gets alerts besides the active administrators; may be repeated
    #[arg(long, env = "ALERT_TO", value_delimiter = ',')]
    alert_to: Vec<String>,

    /// At which local time alerts are sent
    #[arg(long, env = "ALERT_AT", default_value_t)]
    alert_at: LocalTime,

    /// In which language alerts are written: en, de, fr or ar
    #[arg(long, env = "ALERT_LANGUAGE", value_name = "TAG")]
    alert_language: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = AlertsReport)]
pub(crate) struct Report {
    #[schema(value_type = Vec<Object>)]
    sent: Vec<SentAlert>,
}

#[derive(OpenApi)]
#[openapi(paths(run))]
pub(crate) struct Document;

impl AlertSettings {
    /// Alerts by mail, where a mail server is given.
    #[cfg(not(feature = "mail"))]
    pub(crate) fn alerts(self, _: &Accounts, _: &Product) -> Result<Option<Alerts>, StartError> {
        match self.smtp_url {
            None => Ok(None),
            Some(_) => Err(StartError::new(
                "--smtp-url: mail was left out of this program; build it without \
                 --no-default-features",
            )),
        }
    }

    /// Alerts by mail, where a mail server is given.
    #[cfg(feature = "mail")]
    pub(crate) fn alerts(
        self,
        accounts: &Accounts,
        product: &Product,
    ) -> Result<Option<Alerts>, StartError> {
        let (Some(url), Some(from)) = (self.smtp_url, self.alert_from) else { return Ok(None) };
        let mail = Mail::new(&url, &from).map_err(|error| {
            StartError::new(match error {
                MailError::Sender => "--alert-from cannot be used",
                _ => "--smtp-url cannot be used",
            })
            .with_source(error)
        })?;
        let accounts = accounts.clone();
        let administrators = move || {
            let accounts = accounts.clone();
            async move { Ok(accounts.active_administrators().await?) }
        };
        let texts = Texts::of(product).map_err(|error| {
            StartError::new("the texts of the profile are not valid").with_source(error)
        })?;
        let alerts = Alerts::by(mail).at(self.alert_at).recipients(self.alert_to).texts(texts);
        let alerts = self.alert_language.into_iter().fold(alerts, Alerts::language);
        Ok(Some(alerts.recipients_from(administrators)))
    }
}

/// Sends the alert that is due now.
#[utoipa::path(
    post,
    path = "/api/license/alerts/run",
    operation_id = "alerts_run",
    tag = "license",
    responses(
        ForAdministrators,
        Changing,
        Undelivered,
        (status = 200, description = "What was sent.", body = Report),
    ),
)]
pub(crate) async fn run(
    _: Administrator,
    State(state): State<AppState>,
) -> Result<Json<Report>, Problem> {
    match state.manager.run_alerts().await {
        Ok(sent) => Ok(Json(Report { sent })),
        Err(AlertsError::NotConfigured) => Err(Problem::new(
            409,
            "alerts_not_configured",
            "No alerts are set up. Start the service with --smtp-url and --alert-from.",
        )),
        Err(AlertsError::Delivery(_)) => Err(Problem::new(
            502,
            "alert_delivery_failed",
            "The mail server did not take the alert; the log says why. It is tried again.",
        )),
        Err(AlertsError::Store(_)) => Err(Problem::new(
            503,
            "store_unavailable",
            "The store cannot say what was sent. Try again.",
        )),
        Err(error) => Err(internal(&error)),
    }
}
