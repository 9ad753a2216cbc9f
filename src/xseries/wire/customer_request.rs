//! Writes a customer as X-Series takes it.

use serde_json::Value;

use super::sale_request::texts;
use crate::domain::requests::CustomerRequest;

/// The body of `POST /customers`.
pub fn body(request: &CustomerRequest) -> Value {
    texts(&[
        ("first_name", Some(&request.first_name)),
        ("last_name", Some(&request.last_name)),
        ("customer_code", Some(&request.customer_code)),
        ("company_name", request.company_name.as_deref()),
        ("email", request.email.as_deref()),
        ("phone", request.phone.as_deref()),
    ])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_known_is_left_out() {
        let request = CustomerRequest {
            first_name: "Anthony".to_owned(),
            last_name: "Stark".to_owned(),
            company_name: None,
            email: Some("tony@example.com".to_owned()),
            phone: None,
            customer_code: "CUS108".to_owned(),
        };
        let expected = json!({"first_name": "Anthony", "last_name": "Stark", "customer_code": "CUS108", "email": "tony@example.com"});
        assert_eq!(body(&request), expected);
    }
}
