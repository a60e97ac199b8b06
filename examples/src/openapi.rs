//! What the documents of these services say alike: the errors, and how one signs in.
//! What they say of licenses comes from the routes.

use std::collections::BTreeMap;

use license_axum::ProblemDetails;
use utoipa::{
    IntoResponses, OpenApi as _, ToSchema,
    openapi::{
        ContentBuilder, HttpMethod, InfoBuilder, ObjectBuilder, OpenApi, OpenApiBuilder, PathItem,
        PathsBuilder, Ref, RefOr, Response, ResponseBuilder, ResponsesBuilder,
        path::OperationBuilder,
        security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};

/// Why a request is refused (RFC 9457).
#[derive(ToSchema)]
#[schema(as = Problem)]
#[allow(dead_code, reason = "described, not made")]
struct ProblemSchema {
    /// A name of the kind of problem.
    r#type: String,
    /// The kind, in words.
    title: String,
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What to do.
    detail: String,
    /// The kind, as a name that stays.
    code: String,
}

/// What every document has.
#[derive(utoipa::OpenApi)]
#[openapi(paths(healthz), components(schemas(ProblemSchema)))]
struct Common;

#[utoipa::path(
    get,
    path = "/healthz",
    responses(
        (status = 200, description = "The service runs.", body = str, content_type = "text/plain"),
    ),
)]
#[allow(dead_code, reason = "described, not called")]
fn healthz() {}

/// The beginning of a document.
pub fn document(title: &str) -> OpenApi {
    let info = InfoBuilder::new().title(title).version(env!("CARGO_PKG_VERSION")).build();
    let mut document = Common::openapi();
    let bearer = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
    document.components.get_or_insert_default().add_security_scheme(TOKEN, bearer);
    // Some routes are for everybody.
    let security =
        [SecurityRequirement::new::<_, _, String>(TOKEN, []), SecurityRequirement::default()];
    OpenApiBuilder::from(document).info(info).security(Some(security)).build()
}

/// A response that is a problem.
fn problem(description: &str) -> RefOr<Response> {
    let schema = Ref::from_schema_name("Problem");
    let content = ContentBuilder::new().schema(Some(schema)).build();
    let response = ResponseBuilder::new().description(description);
    response.content(ProblemDetails::MEDIA_TYPE, content).build().into()
}

macro_rules! problems {
    ($($(#[$doc:meta])* $name:ident { $($status:literal: $description:literal,)* })*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug)]
            pub struct $name;

            impl IntoResponses for $name {
                fn responses() -> BTreeMap<String, RefOr<Response>> {
                    [$(($status.to_owned(), problem($description)),)*].into()
                }
            }
        )*
    };
}

problems! {
    /// Who has to be signed in.
    ForUsers {
        "401": "Nobody is signed in.",
        "503": "The database cannot be reached.",
    }
    /// Who has to be an administrator.
    ForAdministrators {
        "401": "Nobody is signed in.",
        "403": "Only administrators may do this.",
        "503": "The database cannot be reached.",
    }
    /// What changes something.
    Changing {
        "400": "The query or the body is not one that this route takes. Nothing was changed.",
        "403": "Only administrators may do this, or the request comes from another site.",
        "413": "The body is larger than this route takes.",
        "503": "The database cannot be reached or written.",
    }
    /// What names something in its path.
    Named {
        "404": "There is nothing of that name.",
    }
    /// What is there already.
    Taken {
        "409": "It is there already, or has to stay.",
    }
    /// What is read from a database.
    Stored {
        "503": "The database cannot be reached.",
    }
    /// What a mail server has to take.
    Undelivered {
        "409": "No alerts are set up.",
        "502": "The mail server did not take the alert.",
    }
    /// Agents, who are not signed in.
    Agents {
        "400": "The host's id is missing or none.",
        "426": "It is not asked for a WebSocket.",
    }
    /// Whom nothing but the license refuses.
    Unrefused {}
    /// What can be tried too often.
    TooOften {
        "401": "The e-mail address or the password is wrong.",
        "429": "Too many were wrong within a minute.",
    }
}

/// Operations that are alike: `GET` of each path shows that a module is there.
pub fn modules<Refused: IntoResponses>(paths: impl IntoIterator<Item = &'static str>) -> OpenApi {
    let operation = |path: &str| {
        let name = path.trim_matches('/').replace('/', "_");
        let shown = ContentBuilder::new().schema(Some(ObjectBuilder::new())).build();
        let shown = ResponseBuilder::new().description("The module is there.").content(JSON, shown);
        let mut responses = Refused::responses();
        responses.insert("200".to_owned(), shown.build().into());
        let responses = responses
            .into_iter()
            .fold(ResponsesBuilder::new(), |all, (status, one)| all.response(status, one));
        OperationBuilder::new()
            .operation_id(Some(format!("module_{name}")))
            .tag("modules")
            .responses(responses)
            .build()
    };
    let paths = paths.into_iter().fold(PathsBuilder::new(), |paths, path| {
        paths.path(path, PathItem::new(HttpMethod::Get, operation(path)))
    });
    OpenApiBuilder::new().paths(paths).build()
}

/// What signing in answers, or the token of an administrator.
const TOKEN: &str = "token";
const JSON: &str = "application/json";
