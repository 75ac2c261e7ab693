/// Versions of QEMU whose COLO is known not to work: an operator is told at start, and may try all the same.
enum BrokenVersions {
    /// What an operator should know of a version such as `10.0.13`; `nil` if nothing is known against it.
    ///
    /// In 10.0 and 10.1 a secondary hangs at a checkpoint, and then ends with "Load VM's live state (ram) error".
    static func warning(for version: String) -> String? {
        let numbers = version.split(separator: ".").prefix(2).joined(separator: ".")
        guard ["10.0", "10.1"].contains(numbers) else { return nil }
        return "COLO is broken in QEMU \(version): a secondary may hang at any checkpoint; 7.2 is known to work"
    }
}
