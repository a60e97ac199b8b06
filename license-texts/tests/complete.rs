//! Every language says everything.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};

use license_core::{DenialCode, InstallErrorKind, Phase, Product, report::WARNING_CODES};
use license_runtime_codes::RUNTIME_CODES;
use license_texts::{SHIPPED, Texts};

/// The codes of warnings that come from license-runtime.
mod license_runtime_codes {
    pub(crate) const RUNTIME_CODES: [&str; 8] = [
        "clock_skewed",
        "source_decides",
        "source_failed",
        "source_hidden",
        "source_mounted_alone",
        "source_older",
        "source_overrides",
        "source_replaced",
    ];
}

/// Sentences that are told apart by more than their code.
const VARIANTS: [&str; 12] = [
    "license_expired",
    "license_expired_grace",
    "license_gap_new",
    "license_ends_earlier_new",
    "license_ends_earlier_together",
    "license_ends_earlier_together_new",
    "machine_changed_over",
    "other_domain_bound",
    "other_machine_bound",
    "store_unavailable_unwritable",
    "store_unavailable_unreadable",
    "store_unavailable_replaced",
];

/// Each key of a file, and which facts stand in it.
fn keys(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut keys = BTreeMap::new();
    let (mut message, mut key) = (String::new(), String::new());
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let id = line.split(" =").next().unwrap_or_default();
        if line.starts_with(|it: char| it.is_ascii_alphabetic()) {
            message = id.to_owned();
            key.clone_from(&message);
        } else if let Some(attribute) = id.trim_start().strip_prefix('.') {
            key = format!("{message}.{attribute}");
        }
        if key.is_empty() {
            continue;
        }
        let facts = keys.entry(key.clone()).or_insert_with(BTreeSet::new);
        let named = line.split('$').skip(1);
        let end = |it: char| !(it.is_ascii_alphanumeric() || it == '_');
        facts.extend(named.map(|it| it.split(end).next().unwrap_or_default().to_owned()));
    }
    keys
}

#[test]
fn every_language_has_every_key_with_the_same_facts() {
    let english = keys(SHIPPED[0].1);
    assert!(english.len() > 250, "{}", english.len());
    for (tag, text) in SHIPPED {
        let own = keys(text);
        for (key, facts) in &english {
            assert_eq!(own.get(key), Some(facts), "{tag}: {key}");
        }
        let more: Vec<_> = own.keys().filter(|key| !english.contains_key(*key)).collect();
        assert!(more.is_empty(), "{tag}: {more:?}");
    }
}

#[test]
fn every_code_has_a_text_in_every_language() {
    let product = Product::from_toml("name = 'a'\nissuer = 'b'\naudience = 'c'").unwrap();
    let texts = Texts::of(&product).unwrap();
    let denials = DenialCode::ALL.map(|code| format!("denial-{code}"));
    let details = ["detail", "remedy"];
    let details = denials.iter().flat_map(|key| details.map(|it| format!("{key}.{it}")));
    let installs = InstallErrorKind::ALL.map(|kind| format!("install-{}", kind.as_str()));
    let advice = installs.iter().map(|key| format!("{key}.advice"));
    let phases = Phase::NAMES
        .into_iter()
        .flat_map(|phase| ["phase", "state", "summary"].map(|kind| format!("{kind}-{phase}")));
    // Those of a phase are said as denials.
    let warnings = WARNING_CODES.into_iter().chain(RUNTIME_CODES).chain(VARIANTS);
    let warnings = warnings.map(|code| format!("warning-{code}"));
    let keys = denials.iter().cloned().chain(details).chain(installs.iter().cloned());
    let keys: Vec<String> = keys.chain(advice).chain(phases).chain(warnings).collect();
    for language in texts.languages() {
        for key in &keys {
            let said = language.said(key, &[]);
            let said = said.unwrap_or_else(|| panic!("{}: no text for {key}", language.tag()));
            assert_eq!(said.language, None, "{}: {key} is said in English", language.tag());
        }
    }
}

#[test]
fn what_is_here_says_the_same_without_a_product() {
    let texts = Texts::shipped();
    assert_eq!(texts.languages().len(), SHIPPED.len());
    for language in texts.languages() {
        let title = language.said("denial-license_expired", &[]).unwrap();
        assert_eq!(title.language, None, "{}", language.tag());
    }
    assert_eq!(texts.language("ar").unwrap().direction(), "rtl");
}

#[test]
fn every_runtime_code_is_one_that_the_runtime_tells() {
    let sources = [
        include_str!("../../license-runtime/src/manager/store_clock.rs"),
        include_str!("../../license-runtime/src/manager/sources/telling.rs"),
    ]
    .concat();
    for code in RUNTIME_CODES.into_iter().filter(|code| *code != "source_failed") {
        assert!(sources.contains(&format!("\"{code}\"")), "{code}");
    }
    let told = sources.matches("Warning::new(\"").count() + sources.matches("warning(\"").count();
    assert!(told <= RUNTIME_CODES.len(), "a new warning has no text: {told}");
}
