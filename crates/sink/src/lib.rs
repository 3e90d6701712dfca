//! Where request bodies go: a folder, standard output, nowhere.
