//! What `license_axum` offers to the macros, for the cases beside this file.

use std::marker::PhantomData;

pub mod feature {
    #[allow(unused_imports)]
    pub use license_core::{Feature, license::Name};
}

pub struct RequireFeature<F: feature::Feature>(PhantomData<F>);
