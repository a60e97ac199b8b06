//! `license diff`.

use std::path::{Path, PathBuf};

use clap::Args;
use license_core::{
    InstallErrorKind, License, Timestamp,
    report::{Change, Difference, Note},
};
use serde_json::{Value, json};

use crate::{
    facts,
    failure::Failure,
    flags::decode::{self, Decoded, PROVES_NOTHING, TrustArgs},
    read,
    report::Report,
    text, time,
};

/// Shows what a license gains and loses against another, as a renewal does.
///
/// A renewal that a service would refuse, because it was issued before the
/// old license, ends with exit status 1.
#[derive(Args)]
pub(crate) struct Diff {
    /// The old license; `-` is standard input.
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The new license; `-` is standard input.
    #[arg(value_name = "NEW", default_value = "-")]
    new: PathBuf,
    /// Reads the claims as this product does; without it, as standard claims.
    #[arg(long, value_name = "PROFILE.toml")]
    product: Option<PathBuf>,
    #[command(flatten)]
    trust: TrustArgs,
}

/// Two licenses and what lies between them.
struct Comparison {
    old: License,
    new: License,
    /// Whether they are one license.
    same: bool,
    difference: Difference,
}

const OLDER: &str = "the new license was issued before the old one; uploading it where the old one \
                     is installed is refused as older_than_installed; issue it again";

impl Diff {
    pub(crate) fn run(self) -> Result<Report, Failure> {
        let input = Path::new("-");
        if self.old == input && self.new == input {
            return Err(Failure::usage(
                "only one file can come from standard input; give the name of the other",
            ));
        }
        let (old, new) = (decode::token(&self.old)?, decode::token(&self.new)?);
        let product = match &self.product {
            Some(path) => read::product(path)?,
            None => decode::product_of(&old)?,
        };
        let old = self.trust.decode(&product, old).map_err(|it| it.of("the old license"))?;
        let new = self.trust.decode(&product, new).map_err(|it| it.of("the new license"))?;
        let comparison = Comparison::of(old, new);
        let now = time::now();
        let verified = self.trust.verifies();
        let older = comparison.difference.older.then(|| {
            let code = InstallErrorKind::OlderThanInstalled.as_str();
            Failure::refused(code, OLDER)
        });
        Ok(Report::of(comparison.lines(verified, now))
            .with(comparison.json(verified, now))
            .refused_as_told(older))
    }
}

impl Comparison {
    fn of(old: Decoded, new: Decoded) -> Self {
        let same = old.token.digest() == new.token.digest();
        let difference = Difference::between(Some(&old.license), &new.license);
        Self { old: old.license, new: new.license, same, difference }
    }

    fn json(&self, verified: bool, now: Timestamp) -> Value {
        let difference = &self.difference;
        json!({
            "verified": verified,
            "same_license": self.same,
            "same_id": difference.same_id,
            "refused": difference.older.then_some("older_than_installed"),
            "warnings": self.warnings(now),
            "gained": difference.gained,
            "lost": difference.lost,
            "changed": difference.changed,
            "days": difference.days,
            "given_away": difference.given_away,
            "old": Value::Object(facts::members(&self.old, now)),
            "new": Value::Object(facts::members(&self.new, now)),
        })
    }

    fn lines(&self, verified: bool, now: Timestamp) -> String {
        let difference = &self.difference;
        let proof = if verified { "Both signatures are good." } else { PROVES_NOTHING };
        let kind = match (self.same, difference.same_id) {
            (true, _) => "the same license: installing it changes nothing",
            (false, true) => "a renewal: the same id",
            (false, false) => "another license: the ids differ",
        };
        let mut shown = format!("{proof}\n\n{kind}\n");
        for warning in self.warnings(now) {
            shown.push_str(&format!("warning: {warning}\n"));
        }
        if self.same {
            return shown;
        }
        shown.push('\n');
        shown.push_str(&changes(difference));
        shown
    }

    /// What to look at before the new license is handed over.
    fn warnings(&self, now: Timestamp) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.difference.older {
            warnings.push(OLDER.to_owned());
        }
        let ends = self.new.term().expires_at;
        if self.new.term().has_ended(now) {
            warnings.push(format!("the new license expired on {}", ends.last_day()));
        }
        warnings.extend(self.difference.warnings.iter().map(|it| it.text.clone()));
        warnings
    }
}

/// What is gained, lost and changed, as lines.
pub(crate) fn changes(difference: &Difference) -> String {
    let list = |name: &str, items: Vec<String>| {
        let items = if items.is_empty() { vec!["nothing".to_owned()] } else { items };
        let items: Vec<String> = items.into_iter().map(|item| format!("  {item}\n")).collect();
        format!("{name}\n{}", items.concat())
    };
    let signed = |sign: char, items: &[Note]| {
        items.iter().map(|item| format!("{sign} {}", text::shown(&item.text))).collect()
    };
    let changed = difference.changed.iter().map(|it| change(it, difference.days)).collect();
    [
        list("gained", signed('+', &difference.gained)),
        list("lost", signed('-', &difference.lost)),
        list("changed", changed),
    ]
    .join("\n")
}

fn change(change: &Change, days: Option<i64>) -> String {
    let side = |value: &Option<String>| value.as_deref().map_or("none".to_owned(), text::shown);
    let days = match days {
        Some(days) if change.fact == "expires_at" => format!(" ({})", text::longer(days)),
        _ => String::new(),
    };
    format!("{:<12} {} -> {}{days}", change.fact, side(&change.old), side(&change.new))
}
