internal import QMP

/// A line for the human monitor, as `human-monitor-command` takes it.
enum HumanMonitorLine {
    /// Whether it carries a secret, or gets one back: by its verb, or since it holds credentials.
    ///
    /// QEMU skips white space before the verb, which ends at white space or `/` (monitor/hmp.c, `get_command_name`).
    static func carriesSecret(_ line: Bytes) -> Bool {
        let words = line.split { isSpace($0) }
        guard let verb = words.first?.prefix(while: { $0 != UInt8(ascii: "/") }) else { return false }
        if verbs.contains(where: { verb.starts(with: $0) || verb.isNearly($0) }) { return true }
        if verb.isNearly(change) {
            return words.contains { word in passwords.contains { word.isNearly($0) } }
        }
        if migrations.contains(where: { verb.isNearly($0) }) {
            return words.dropFirst().contains { $0.first != UInt8(ascii: "-") && runsProgram($0) }
        }
        return Credentials.mayBeIn(line)
    }

    /// Whether a migration's URI is none of those that only name where it goes.
    static func runsProgram(_ uri: Bytes) -> Bool {
        let scheme = uri.prefix { $0 != UInt8(ascii: ":") }
        return !CommandTraits.plainProtocols.contains { scheme.elementsEqual($0.utf8) }
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || (0x09...0x0D).contains(byte)
    }

    private static let verbs = CommandTraits.secretVerbs.map { Array($0.utf8) }
    private static let change = Array("change".utf8)
    private static let migrations = ["migrate", "migrate_incoming", "migrate_recover"].map { Array($0.utf8) }
    private static let passwords = ["vnc", "password", "passwd"].map { Array($0.utf8) }
}
