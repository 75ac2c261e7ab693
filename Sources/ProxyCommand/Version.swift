/// The version of this program, as `--version`, recordings and `query-status` tell it.
enum Version {
    /// Semantic versioning's form (semver.org).
    static let current = "0.1.0"
}
