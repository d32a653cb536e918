//! Where the user agent keeps its things: the folders of the XDG base directory specification. The environment is read
//! by the binary and passed in.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The name of our folder in each of them.
const OURS: &str = "pillarbox";

/// The folders of one person. None of them need exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folders {
    /// Settings: what a person wrote or chose.
    pub config: PathBuf,
    /// What would be missed: mirrors, drafts, the outbox, secrets.
    pub data: PathBuf,
    /// What can be had again.
    pub cache: PathBuf,
}

impl Folders {
    /// By these variables (`XDG_CONFIG_HOME`, `XDG_DATA_HOME`, `XDG_CACHE_HOME`, `HOME`). One that is empty or no
    /// absolute path counts as unset. `None`: there is not even a home.
    #[must_use]
    pub fn of(variable: impl Fn(&str) -> Option<OsString>) -> Option<Folders> {
        let absolute = |name| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let home = absolute("HOME");
        let folder = |name, below: &str| absolute(name).or_else(|| Some(home.as_ref()?.join(below)));
        Some(Folders {
            config: folder("XDG_CONFIG_HOME", ".config")?.join(OURS),
            data: folder("XDG_DATA_HOME", ".local/share")?.join(OURS),
            cache: folder("XDG_CACHE_HOME", ".cache")?.join(OURS),
        })
    }

    /// All of them below one folder: a home that is carried about, or one of several.
    #[must_use]
    pub fn under(home: &Path) -> Folders {
        Folders { config: home.join("config"), data: home.join("data"), cache: home.join("cache") }
    }

    /// The file of accounts.
    #[must_use]
    pub fn accounts(&self) -> PathBuf {
        self.config.join("accounts.toml")
    }

    /// The file with the mirror of an account, by the account's name, which can name a file.
    #[must_use]
    pub fn mirror(&self, account: &str) -> PathBuf {
        self.data.join("mirrors").join(format!("{account}.sqlite"))
    }

    /// The folder of mboxes that an account has which is a single mbox elsewhere.
    #[must_use]
    pub fn boxes(&self, account: &str) -> PathBuf {
        self.data.join("boxes").join(account)
    }

    /// The folder of certificates that a person chose to trust.
    #[must_use]
    pub fn trusted(&self) -> PathBuf {
        self.config.join("trusted")
    }

    /// The folder of keys and certificates for letters that are signed and encrypted.
    #[must_use]
    pub fn seals(&self) -> PathBuf {
        self.data.join("seals")
    }

    /// The folder of secrets kept in files.
    #[must_use]
    pub fn secrets(&self) -> PathBuf {
        self.data.join("secrets")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Option<Folders> {
        Folders::of(|asked| variables.iter().find(|(name, _)| *name == asked).map(|(_, value)| OsString::from(*value)))
    }

    #[test]
    fn folders_follow_the_variables_or_the_home() {
        let folders = of(&[("HOME", "/people/alice"), ("XDG_CONFIG_HOME", "/etc/alice")]).unwrap();
        assert_eq!(folders.accounts(), PathBuf::from("/etc/alice/pillarbox/accounts.toml"));
        assert_eq!(folders.data, PathBuf::from("/people/alice/.local/share/pillarbox"));
        assert_eq!(folders.cache, PathBuf::from("/people/alice/.cache/pillarbox"));
    }

    #[test]
    fn a_path_that_is_not_absolute_counts_as_unset() {
        let folders = of(&[("HOME", "/people/alice"), ("XDG_DATA_HOME", "here"), ("XDG_CACHE_HOME", "")]).unwrap();
        assert_eq!(folders.data, PathBuf::from("/people/alice/.local/share/pillarbox"));
        assert_eq!(folders.cache, PathBuf::from("/people/alice/.cache/pillarbox"));
        assert_eq!(of(&[("HOME", "relative")]), None);
        let without_home = [("XDG_DATA_HOME", "/d"), ("XDG_CACHE_HOME", "/c"), ("XDG_CONFIG_HOME", "/f")];
        assert_eq!(of(&without_home).unwrap().config, PathBuf::from("/f/pillarbox"));
    }
}
