internal import Libevent
internal import ProxyIO
internal import QMP
internal import Recording

/// How the text of a value is read, the same for flag and file.
///
/// Each takes `nil` for what is no text at all in a file, such as a list.
extension Configuration {
    /// Why a text cannot be used.
    struct Unusable: Error, CustomStringConvertible {
        var description: String
    }

    /// `unix:PATH` or `tcp:HOST:PORT`.
    static func address(_ text: String?) throws(Unusable) -> Address {
        guard let text else { throw Unusable(description: "wanted is unix:PATH or tcp:HOST:PORT") }
        do {
            return try Address(parsing: text)
        } catch {
            throw Unusable(description: error.reason)
        }
    }

    /// A monitor's name.
    static func name(_ text: String?) throws(Unusable) -> String {
        try printable(text, wanted: "a name")
    }

    /// A policy's name.
    static func policy(_ text: String?) throws(Unusable) -> String {
        try printable(text, wanted: "a policy's name")
    }

    /// A file's name.
    static func fileName(_ text: String?) throws(Unusable) -> String {
        try printable(text, wanted: "a file's name")
    }

    /// When a recording is on the disk.
    static func sync(_ text: String?) throws(Unusable) -> RecordingOptions.Sync {
        guard let text, let sync = RecordingOptions.Sync(rawValue: text) else {
            throw Unusable(description: "wanted is none, interval or always")
        }
        return sync
    }

    /// What a recording that cannot be written means: whether nobody is served without it.
    static func needsRecording(_ text: String?) throws(Unusable) -> Bool {
        guard text == "continue" || text == "close" else {
            throw Unusable(description: "wanted is continue or close")
        }
        return text == "close"
    }

    /// A size with its unit.
    static func size(_ text: String?) throws(Unusable) -> Int {
        guard let text, let bytes = Quantity.bytes(text), bytes > 0 else {
            throw Unusable(description: "wanted is a size with its unit, such as 256MiB")
        }
        return bytes
    }

    /// A duration with its unit.
    static func duration(_ text: String?) throws(Unusable) -> Duration {
        guard let text, let duration = Quantity.duration(text), duration > .zero else {
            throw Unusable(description: "wanted is a duration with its unit, such as 24h")
        }
        return duration
    }

    /// What else is redacted.
    static func redactionRule(_ text: String?) throws(Unusable) -> RedactionRule {
        guard let text else { throw Unusable(description: "wanted is a rule such as 'qom-get /return'") }
        do {
            return try RedactionRule(parsing: text)
        } catch {
            throw Unusable(description: "\(error)")
        }
    }

    /// Which recorded command answers one that is asked.
    static func match(_ text: String) throws(Unusable) -> PlaybackSettings.Match {
        guard let match = PlaybackSettings.Match(rawValue: text) else {
            throw Unusable(description: "wanted is strict, ordered or any")
        }
        return match
    }

    /// What is not compared.
    static func pointer(_ text: String) throws(Unusable) -> JSONPointer {
        do {
            return try JSONPointer(parsing: text)
        } catch {
            throw Unusable(description: "\(error)")
        }
    }

    /// What goes wrong on purpose.
    static func fault(_ text: String) throws(Unusable) -> Fault {
        do {
            return try Fault(parsing: text)
        } catch {
            throw Unusable(description: "\(error)")
        }
    }

    /// A number of clients or segments.
    static func count(_ text: String?) throws(Unusable) -> Int {
        guard let text, text.allSatisfy({ "0"..."9" ~= $0 }), let count = Int(text), count > 0 else {
            throw Unusable(description: "wanted is a whole number from 1")
        }
        return count
    }

    /// A descriptor's number.
    static func descriptor(_ text: String) throws(Unusable) -> Int {
        guard text.allSatisfy({ "0"..."9" ~= $0 }), let number = Int(text) else {
            throw Unusable(description: "wanted is the number of an open descriptor, such as 3")
        }
        return number
    }

    /// Permissions in the form of chmod(1), octal with or without a leading 0.
    static func socketMode(_ text: String?) throws(Unusable) -> UInt32 {
        guard let text, text.allSatisfy({ "0"..."7" ~= $0 }), let mode = UInt32(text, radix: 8), mode <= 0o777
        else {
            throw Unusable(description: "wanted is an octal number up to 0777, such as 0600")
        }
        return mode
    }

    /// A text that neither breaks a log's line nor ends early as a C string.
    private static func printable(_ text: String?, wanted: String) throws(Unusable) -> String {
        guard let text, !text.isEmpty, text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw Unusable(description: "wanted is \(wanted) of printable characters")
        }
        return text
    }
}

extension Address {
    /// Whether others than this machine's own programs may connect there.
    var isOpenToNetwork: Bool {
        guard case .tcp(let host, _) = self else { return false }
        let isLoopback = host == "::1" || host.lowercased() == "localhost"
        // Only a number: "127.example.org" is a name.
        return !isLoopback && !(host.hasPrefix("127.") && host.allSatisfy { $0 == "." || "0"..."9" ~= $0 })
    }
}
