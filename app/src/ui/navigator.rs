//! Going to another page of the product without loading it.

use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

/// Goes to an address as [`crate::text::url`] writes it: the path prefix is in it already.
pub fn navigator() -> impl Fn(&str) + Clone {
    let navigate = use_navigate();
    move |address: &str| {
        let options = NavigateOptions {
            resolve: false,
            ..NavigateOptions::default()
        };
        navigate(address, options);
    }
}
