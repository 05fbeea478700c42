//! Client-side navigation between pages of the product.

use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

/// Returns a function that navigates to a URL from [`crate::text::url`]: the path prefix is part of
/// it already.
pub fn navigator() -> impl Fn(&str) + Clone {
    let navigate = use_navigate();
    move |url: &str| {
        let options = NavigateOptions {
            resolve: false,
            ..NavigateOptions::default()
        };
        navigate(url, options);
    }
}
