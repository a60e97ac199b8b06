//! Alerts: who sends one, and that it was sent.

use std::{sync::Arc, time::Duration};

use license_core::TokenDigest;
use tokio::task::JoinSet;

use crate::store::{AlertClaim, Store};

const LICENSE: TokenDigest = TokenDigest::from_bytes([7; 32]);
const MINUTE: Duration = Duration::from_secs(60);

async fn claim(store: &dyn Store, holder: u64, milestone: u32) -> AlertClaim {
    store.claim_alert(holder, LICENSE, milestone, MINUTE).await.unwrap()
}

/// For other milestones, too; its holder may claim again.
pub async fn a_claimed_alert_is_nobody_elses(store: Arc<dyn Store>) {
    assert_eq!(claim(&store, 1, 30).await, AlertClaim::Granted);
    assert_eq!(claim(&store, u64::MAX, 30).await, AlertClaim::Busy);
    assert_eq!(claim(&store, 2, 14).await, AlertClaim::Busy);
    assert_eq!(claim(&store, 1, 14).await, AlertClaim::Granted);
    assert_eq!(store.sent_alert(LICENSE).await.unwrap(), None);
}

/// However many ask at once.
pub async fn of_many_who_claim_an_alert_one_gets_it(store: Arc<dyn Store>) {
    let mut tasks = JoinSet::new();
    for holder in 0..20 {
        let store = Arc::clone(&store);
        tasks.spawn(async move { claim(&store, holder, 7).await });
    }
    let claims = tasks.join_all().await;
    let granted = claims.iter().filter(|claim| **claim == AlertClaim::Granted).count();
    assert_eq!(granted, 1, "{claims:?}");
}

/// By the store's clock, or because its holder lets go of it; others cannot.
pub async fn a_claim_ends_in_time_or_by_its_holder(store: Arc<dyn Store>) {
    assert_eq!(claim(&store, 1, 30).await, AlertClaim::Granted);
    store.release_alert(2, LICENSE).await.unwrap();
    assert_eq!(claim(&store, 2, 30).await, AlertClaim::Busy);
    store.release_alert(1, LICENSE).await.unwrap();
    let granted = store.claim_alert(2, LICENSE, 30, Duration::ZERO).await.unwrap();
    assert_eq!(granted, AlertClaim::Granted);
    assert_eq!(claim(&store, 3, 30).await, AlertClaim::Granted);
    // Whoever was late does not end the claim of another.
    store.release_alert(2, LICENSE).await.unwrap();
    assert_eq!(claim(&store, 2, 30).await, AlertClaim::Busy);
}

/// Nor do those of larger milestones go out; a smaller one does.
pub async fn an_alert_that_was_sent_is_not_sent_again(store: Arc<dyn Store>) {
    assert_eq!(claim(&store, 1, 14).await, AlertClaim::Granted);
    store.confirm_alert(1, LICENSE, 14).await.unwrap();
    store.confirm_alert(1, LICENSE, 14).await.unwrap();
    for milestone in [14, 30] {
        for holder in [1, 2] {
            assert_eq!(claim(&store, holder, milestone).await, AlertClaim::Sent);
        }
    }
    assert_eq!(store.sent_alert(LICENSE).await.unwrap(), Some(14));
    assert_eq!(claim(&store, 2, 7).await, AlertClaim::Granted);
    assert_eq!(claim(&store, 1, 14).await, AlertClaim::Sent);
    store.confirm_alert(2, LICENSE, 7).await.unwrap();
    store.confirm_alert(1, LICENSE, 14).await.unwrap();
    assert_eq!(store.sent_alert(LICENSE).await.unwrap(), Some(7));
}

/// A renewal is another license.
pub async fn alerts_of_two_licenses_are_independent(store: Arc<dyn Store>) {
    let renewal = TokenDigest::from_bytes([8; 32]);
    assert_eq!(claim(&store, 1, 1).await, AlertClaim::Granted);
    store.confirm_alert(1, LICENSE, 1).await.unwrap();
    let granted = store.claim_alert(2, renewal, 30, MINUTE).await.unwrap();
    assert_eq!(granted, AlertClaim::Granted);
    assert_eq!(store.sent_alert(renewal).await.unwrap(), None);
}
