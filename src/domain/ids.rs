//! The ids of our rows and of both systems' records. Each is its own type, so that one cannot stand in for another.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps the text as it is.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The text of the id.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }
    };
}

text_id!(
    /// A connection's id, as the configuration names it.
    ConnectionId
);
text_id!(
    /// Our own id of an order: a UUIDv7 in its text form.
    OrderId
);
text_id!(
    /// Our own id of an event: a UUIDv7 in its text form.
    EventId
);
text_id!(
    /// Our own id of a call: a UUIDv7 in its text form.
    CallId
);
text_id!(
    /// The X-Series id of a sale (a UUID; kept as text, in lower case).
    SaleId
);
text_id!(
    /// A NetSuite internal id: a string of digits, which may be negative.
    RecordId
);
