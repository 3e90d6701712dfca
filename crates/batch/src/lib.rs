//! Groups encoded contacts by field set into request bodies of bounded size.
