//! What is said of dates, counts and facts.

#![allow(clippy::unwrap_used, reason = "tests")]

use license_core::{
    Denial, DenialCode, InstallErrorKind, Product, Timestamp, Warning, WarningLevel,
    refusal::Delivery,
    report::{Difference, Fact},
    testing::Vendor,
};
use license_texts::Texts;

fn texts() -> Texts {
    let product = Product::builder("acme", "https://vendor.example", "acme");
    Texts::of(&product.feature("sso", "Single sign-on").build().unwrap()).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn dates_are_words_and_a_last_day_is_the_day_before_midnight() {
    let texts = texts();
    let said = |tag: &str| {
        let language = texts.language(tag).unwrap();
        let end = at("2027-01-01T00:00:00Z");
        (language.date(end), language.last_day(end), language.moment(at("2026-03-01T09:05:59Z")))
    };
    assert_eq!(said("en").0, "1 January 2027");
    assert_eq!(said("en").1, "31 December 2026");
    assert_eq!(said("en").2, "1 March 2026, 09:05 UTC");
    assert_eq!(said("de").0, "1. Januar 2027");
    assert_eq!(said("fr").0, "1er janvier 2027");
    assert_eq!(said("ar").0, "1 يناير 2027");
    assert!(!said("ar").2.contains('\u{2068}'), "{:?}", said("ar").2);
}

#[test]
fn counts_have_the_plurals_of_their_language() {
    let texts = texts();
    let days = |tag: &str, count| texts.language(tag).unwrap().days(count);
    assert_eq!([days("en", 1), days("en", 2)], ["1 day", "2 days"]);
    assert_eq!([days("de", 1), days("de", 2)], ["1 Tag", "2 Tage"]);
    assert_eq!([days("fr", 0), days("fr", 1), days("fr", 2)], ["0 jour", "1 jour", "2 jours"]);
    let arabic = [0, 1, 2, 3, 11, 100].map(|count| days("ar", count));
    let different: std::collections::BTreeSet<_> =
        arabic.iter().map(|it| it.replace(|it: char| it.is_ascii_digit(), "")).collect();
    assert!(different.len() >= 4, "{arabic:?}");
}

#[test]
fn a_warning_is_said_by_its_code_and_facts() {
    let texts = texts();
    let warning = Warning::new("license_expiring", WarningLevel::Info, "in English")
        .with("date", Fact::LastDay(at("2027-01-01T00:00:00Z")))
        .with("left", Fact::DaysLeft(12));
    let said = texts.language("de").unwrap().warning(&warning);
    assert!(said.text.contains("31. Dezember 2026") && said.text.contains("12"), "{said}");
    assert_eq!(said.language, None);
    // A product's own.
    let own = Warning::new("own_code", WarningLevel::Info, "Something of ours.");
    let said = texts.language("de").unwrap().warning(&own);
    assert_eq!((said.text.as_str(), said.language), ("Something of ours.", Some("en")));
    // One whose code is that of a denial.
    let phase = Warning::new("clock_rolled_back", WarningLevel::Critical, "in English");
    let said = texts.language("fr").unwrap().warning(&phase);
    assert!(said.language.is_none() && said.text.contains("horloge"), "{said}");
}

#[test]
fn what_is_gained_and_lost_is_said_with_titles() {
    let vendor = Vendor::of(
        Product::builder("acme", "https://vendor.example", "acme")
            .feature("sso", "Single sign-on")
            .limit("users", license_core::license::LimitKind::Seats)
            .build()
            .unwrap(),
    );
    let license = |token: license_core::Token| {
        vendor.verifier().verify(token.as_str().as_bytes()).unwrap().license().clone()
    };
    let old = license(vendor.license().limit("users", 100).sign());
    let new = license(vendor.license().features(["sso"]).limit("users", 50).sign());
    let difference = Difference::between_used(Some(&old), &new, |_| Some(80));
    let texts = Texts::of(vendor.product()).unwrap();
    let english = texts.language("en").unwrap();
    let said = |notes: &[license_core::report::Note]| -> Vec<String> {
        notes.iter().map(|note| english.change(note).text).collect()
    };
    assert_eq!(said(&difference.gained), ["Single sign-on"]);
    assert_eq!(said(&difference.lost), ["users: 80 in use, 50 allowed"]);
}

#[test]
fn a_denial_says_what_cures_it_and_names_no_way_that_is_not_there() {
    let texts = texts();
    let english = texts.language("en").unwrap();
    for code in DenialCode::ALL {
        let denial = Denial::new(code, 503);
        let problem = denial.problem();
        assert_eq!(
            english.denial_title(&denial),
            problem.title.replace('\'', "\u{2019}"),
            "{code}"
        );
        for delivery in [Delivery::File, Delivery::Start] {
            let remedy = english.denial_remedy(&denial.clone().with_delivery(delivery));
            let expired = matches!(
                code,
                DenialCode::LicenseExpired | DenialCode::ReadOnly | DenialCode::FeatureLapsed
            );
            assert!(!expired || !remedy.contains("install"), "{code}: {remedy}");
        }
    }
    let unlicensed = Denial::new(DenialCode::ReadOnly, 402).with_cause(DenialCode::LicenseMissing);
    assert!(english.denial_detail(&unlicensed).starts_with("No license is installed"));
    assert!(english.denial_remedy(&unlicensed).contains("install a license"));
    for kind in InstallErrorKind::ALL {
        assert_eq!(english.install_title(kind), kind.title().replace('\'', "\u{2019}"));
    }
}

#[test]
fn an_outcome_of_the_history_is_said_and_an_unknown_one_is_shown() {
    let texts = texts();
    let german = texts.language("de").unwrap();
    assert_ne!(german.outcome("installed"), "installed");
    assert!(german.outcome("refused:license_expired").contains("abgelaufen"));
    assert_eq!(german.outcome("of_tomorrow"), "of_tomorrow");
}
