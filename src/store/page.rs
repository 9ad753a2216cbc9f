//! Opaque cursors: the sort key of the last row that was shown, so that new rows do not shift the pages.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Page, StoreError};

/// Reads a cursor's sort key; without a cursor, the key that lies before the first row.
pub(super) fn start<K: DeserializeOwned>(cursor: Option<&str>, first: K) -> Result<K, StoreError> {
    let Some(cursor) = cursor else { return Ok(first) };
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok().ok_or(StoreError::BadCursor)?;
    serde_json::from_slice(&bytes).ok().ok_or(StoreError::BadCursor)
}

/// How many rows to ask for: one more than is shown tells whether another page follows.
pub(super) fn rows_to_read(limit: u32) -> i64 {
    i64::from(limit.max(1)) + 1
}

/// Cuts the rows that were read to one page.
pub(super) fn cut<T, K: Serialize>(mut items: Vec<T>, limit: u32, key: impl Fn(&T) -> K) -> Result<Page<T>, StoreError> {
    let limit = usize::try_from(limit.max(1)).unwrap_or(usize::MAX);
    if items.len() <= limit {
        return Ok(Page { items, next_cursor: None });
    }
    items.truncate(limit);
    let next_cursor = match items.last() {
        Some(last) => {
            let bytes =
                serde_json::to_vec(&key(last)).map_err(|source| StoreError::Encode { operation: "make the next page's cursor", source })?;
            Some(URL_SAFE_NO_PAD.encode(bytes))
        }
        None => None,
    };
    Ok(Page { items, next_cursor })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_that_was_not_handed_out_is_refused() {
        for bad in ["", "x", "%%%", "bnVsbA", "WzEsMl0"] {
            let read: Result<(i64, String), _> = start(Some(bad), (0, String::new()));
            assert!(matches!(read, Err(StoreError::BadCursor)), "{bad}");
        }
    }

    #[test]
    fn a_page_ends_with_a_cursor_only_when_another_follows() {
        let page = cut(vec![3, 2, 1], 2, |n| (*n, "id")).unwrap();
        assert_eq!(page.items, [3, 2]);
        let next: (i64, String) = start(page.next_cursor.as_deref(), (0, String::new())).unwrap();
        assert_eq!(next, (2, "id".to_owned()));
        assert_eq!(cut(vec![1, 2], 2, |n| *n).unwrap().next_cursor, None);
    }
}
