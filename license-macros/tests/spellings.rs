//! The places where a feature name may stand, and what each becomes.
#![allow(missing_docs)]

// The macros look for `::license_axum`; here it is this file.
extern crate self as license_axum;

use std::{any::TypeId, marker::PhantomData};

use license_macros::licensed;

pub mod feature {
    pub use license_core::{Feature, license::Name};
}

/// Another place that a `crate = …` can name.
pub mod gate {
    pub mod feature {
        /// Only its path tells it from the other one.
        #[derive(Debug)]
        pub struct Name<const A: char, const B: char, const C: char>;
        impl<const A: char, const B: char, const C: char> license_core::Feature for Name<A, B, C> {
            const NAME: &'static str = "by way of gate";
        }
    }
}

#[derive(Debug)]
pub struct RequireFeature<F: feature::Feature>(PhantomData<F>);

impl<F: feature::Feature> RequireFeature<F> {
    const NEW: Self = Self(PhantomData);

    fn name() -> &'static str {
        F::NAME
    }

    fn of(&self) -> &'static str {
        F::NAME
    }
}

fn name_of<F: feature::Feature>(_: RequireFeature<F>) -> &'static str {
    F::NAME
}

#[test]
fn a_literal_stands_for_its_name_in_an_argument() {
    #[licensed]
    fn saml(required: RequireFeature<"sso-saml">) -> &'static str {
        name_of(required)
    }
    assert_eq!(saml(RequireFeature::NEW), "sso-saml");
}

#[test]
fn a_literal_may_stand_in_other_types_and_behind_a_path() {
    #[licensed]
    fn nested(
        a: Option<RequireFeature<"a">>,
        b: Result<license_axum::RequireFeature<"b">, ()>,
        c: ::std::vec::Vec<(crate::RequireFeature<r"c">, RequireFeature<r#"d"#>)>,
        e: &[RequireFeature<"e">; 1],
    ) -> Vec<&'static str> {
        let (c, d) = &c[0];
        vec![a.unwrap().of(), b.unwrap().of(), c.of(), d.of(), e[0].of()]
    }
    let names = nested(
        Some(RequireFeature::NEW),
        Ok(RequireFeature::NEW),
        vec![(RequireFeature::NEW, RequireFeature::NEW)],
        &[RequireFeature::NEW],
    );
    assert_eq!(names, ["a", "b", "c", "d", "e"]);
}

#[test]
fn a_comma_may_follow_the_literal() {
    #[licensed]
    #[rustfmt::skip]
    type Comma = RequireFeature<"comma",>;
    assert_eq!(Comma::name(), "comma");
}

#[test]
fn a_literal_may_stand_in_the_body() {
    #[licensed]
    fn body() -> [&'static str; 4] {
        fn inner(required: RequireFeature<"inner">) -> &'static str {
            name_of(required)
        }
        let closure = |required: RequireFeature<"closure">| name_of(required);
        let turbofish = RequireFeature::<"turbofish">::name();
        let qualified = <RequireFeature<"qualified">>::name();
        [inner(RequireFeature::NEW), closure(RequireFeature::NEW), turbofish, qualified]
    }
    assert_eq!(body(), ["inner", "closure", "turbofish", "qualified"]);
}

#[test]
fn impl_blocks_modules_and_type_aliases_are_covered() {
    struct Report;
    trait Show {
        type Needs;
        fn show(&self, _: Self::Needs) -> &'static str;
    }
    #[licensed]
    impl Show for Report {
        type Needs = RequireFeature<"report">;
        fn show(&self, needs: RequireFeature<"report">) -> &'static str {
            needs.of()
        }
    }
    impl Report {
        #[licensed]
        pub(crate) const extern "C" fn method(_: &RequireFeature<"method">) {}
    }
    assert_eq!(Report.show(RequireFeature::NEW), "report");
    Report::method(&RequireFeature::NEW);

    #[licensed]
    pub(crate) mod routes {
        use crate::RequireFeature;
        pub(crate) mod deeper {
            use super::RequireFeature;
            pub(crate) struct Held(pub(crate) RequireFeature<"held">);
        }
        pub(crate) async fn export(_: RequireFeature<"export">) {}
    }
    drop(routes::export(RequireFeature::NEW));
    assert_eq!(routes::deeper::Held(RequireFeature::NEW).0.of(), "held");

    #[licensed]
    type Export = RequireFeature<"export">;
    assert_eq!(Export::name(), "export");
}

license_core::features! {
    /// Declared once, for every route that needs it.
    pub Sso = "sso";
}

#[test]
fn a_declared_feature_has_the_name_of_the_literal() {
    #[licensed]
    fn both(declared: RequireFeature<Sso>, literal: RequireFeature<"sso">) {
        assert_eq!(declared.of(), literal.of());
    }
    both(RequireFeature::NEW, RequireFeature::NEW);
}

#[test]
fn the_spellings_of_a_name_in_place_are_one_type() {
    #[licensed]
    type Written = RequireFeature<"sso">;
    type InPlace = RequireFeature<license_macros::feature!("sso")>;
    type ByHand = RequireFeature<license_core::license::Name<'s', 's', 'o'>>;
    assert_eq!(TypeId::of::<Written>(), TypeId::of::<InPlace>());
    assert_eq!(TypeId::of::<Written>(), TypeId::of::<ByHand>());
}

#[test]
fn names_of_64_characters_fit() {
    #[licensed]
    type Longest =
        RequireFeature<"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-9">;
    assert_eq!(Longest::name(), "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-9");
}

#[test]
fn nothing_but_the_literal_in_the_extractor_is_touched() {
    #[licensed]
    #[doc = "RequireFeature<\"sso\">"]
    fn untouched() -> [&'static str; 6] {
        [
            "RequireFeature<\"sso\">",
            stringify!(Permit<"sso">),
            stringify!(RequireFeature("sso")),
            stringify!(RequireFeature: "sso"),
            stringify!(RequireFeature<Vec<"sso">>),
            stringify!(RequireFeature < "sso" + 1 >),
        ]
    }
    assert_eq!(
        untouched(),
        [
            r#"RequireFeature<"sso">"#,
            r#"Permit<"sso">"#,
            r#"RequireFeature("sso")"#,
            r#"RequireFeature: "sso""#,
            r#"RequireFeature<Vec<"sso">>"#,
            r#"RequireFeature < "sso" + 1 >"#,
        ]
    );

    #[licensed]
    fn touched() -> &'static str {
        stringify!(RequireFeature<"s">)
    }
    assert!(touched().contains("'s'"), "{}", touched());
}

#[test]
fn the_type_may_come_from_another_path() {
    use license_macros::feature;

    #[licensed(crate = gate)]
    type Relative = RequireFeature<"sso">;
    #[licensed(crate = crate::gate,)]
    type FromTheRoot = RequireFeature<"sso">;
    #[licensed(crate = ::license_axum::gate)]
    type Global = RequireFeature<"sso">;

    for name in [Relative::name(), FromTheRoot::name(), Global::name()] {
        assert_eq!(name, "by way of gate");
    }
    assert_eq!(name_of(RequireFeature::<feature!(crate = gate, "sso")>::NEW), "by way of gate");
    assert_eq!(
        name_of(RequireFeature::<feature!(crate = ::license_axum::gate, "sso",)>::NEW),
        "by way of gate"
    );
}

#[test]
fn names_and_paths_may_come_from_a_macro() {
    macro_rules! handler {
        ($visibility:vis $function:ident, $name:literal, $path:path, $type:ty) => {
            #[licensed]
            $visibility fn $function(a: RequireFeature<$name>, b: $type) -> [&'static str; 5] {
                [
                    a.of(),
                    b.of(),
                    RequireFeature::<license_macros::feature!($name)>::name(),
                    RequireFeature::<license_macros::feature!(crate = $path, $name)>::name(),
                    RequireFeature::<license_macros::feature!(crate = $crate::gate, $name)>::name(),
                ]
            }
        };
    }
    handler!(pub(crate) saml, "sso", crate::gate, RequireFeature<"typ">);
    assert_eq!(
        saml(RequireFeature::NEW, RequireFeature::NEW),
        ["sso", "typ", "sso", "by way of gate", "by way of gate"]
    );
}
