//! The alert rules and the dashboard ask for figures that there are.

use std::collections::BTreeSet;

use license_core::Phase;
use serde_json::Value;

const METRICS: &str = include_str!("../../../license-runtime/src/metrics.rs");
const RULES: &str = include_str!("../../../docs/alert-rules.yml");
const DASHBOARD: &str = include_str!("../../../docs/grafana-dashboard.json");

/// The names of figures in a text.
fn figures(text: &str) -> BTreeSet<&str> {
    text.split(|character: char| !(character.is_ascii_alphanumeric() || character == '_'))
        .filter(|word| word.starts_with("license_"))
        .collect()
}

/// Those that the service has.
fn served() -> BTreeSet<&'static str> {
    let constants = METRICS.lines().filter(|line| line.starts_with("const "));
    constants.flat_map(|line| line.split('"').nth(1)).collect()
}

#[test]
fn the_alert_rules_ask_for_figures_that_there_are() {
    let expressions: Vec<&str> =
        RULES.lines().filter_map(|line| line.trim().strip_prefix("expr: ")).collect();
    assert!(expressions.len() >= 6);
    for expression in expressions {
        let asked = figures(expression);
        assert!(!asked.is_empty() && asked.is_subset(&served()), "{expression}");
    }
}

#[test]
fn the_alert_for_no_license_knows_every_phase_in_which_none_is_in_force() {
    let named = RULES.split_once("phase=~\"").unwrap().1.split('"').next().unwrap();
    let named: BTreeSet<&str> = named.split('|').collect();
    let in_force = ["active", "expiring", "grace"];
    let none = Phase::NAMES.into_iter().filter(|phase| !in_force.contains(phase));
    assert_eq!(named, none.collect());
}

#[test]
fn the_dashboard_shows_every_figure_and_no_other() {
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().unwrap());
    let expressions: Vec<&str> = targets.map(|target| target["expr"].as_str().unwrap()).collect();
    let shown: BTreeSet<&str> = expressions.iter().flat_map(|it| figures(it)).collect();
    assert_eq!(shown, served());
    let variables = dashboard["templating"]["list"].as_array().unwrap();
    for variable in variables.iter().filter(|it| it["type"] == "query") {
        let asked = figures(variable["definition"].as_str().unwrap());
        assert!(asked.is_subset(&served()), "{variable}");
    }
}
