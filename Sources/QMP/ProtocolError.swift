/// An error that QEMU would answer, in QEMU's words.
public struct ProtocolError: Error, Sendable, Equatable {
    /// The classes QEMU still uses (qapi/error.json, `QapiErrorClass`).
    public enum Class: String, Sendable, CaseIterable {
        /// Anything without a class of its own.
        case generic = "GenericError"
        /// The command is unknown, or not allowed in negotiation mode.
        case commandNotFound = "CommandNotFound"
        /// A device does not support what was asked, or is not running.
        case deviceNotActive = "DeviceNotActive"
        /// There is no such device.
        case deviceNotFound = "DeviceNotFound"
        /// KVM lacks what was asked.
        case kvmMissingCap = "KVMMissingCap"
    }

    /// The class.
    public let errorClass: Class
    /// The description, as the bytes QEMU would hold; they may be broken UTF-8 of the client's.
    public let description: Bytes

    /// An error of a class with a description.
    public init(_ errorClass: Class, _ description: String) {
        self.init(errorClass, Bytes(text: description))
    }

    init(_ errorClass: Class, _ description: Bytes) {
        self.errorClass = errorClass
        self.description = description
    }
}

extension ProtocolError {
    /// A byte that cannot stand there; the text is quoted up to a NUL, whole (qobject/json-streamer.c).
    static func stray(_ token: Bytes) -> ProtocolError {
        ProtocolError(.generic, Bytes(text: "JSON parse error, stray '") + token.prefix { $0 != 0 } + Bytes(text: "'"))
    }

    /// A document that is not JSON.
    ///
    /// QEMU formats the reason into 1024 bytes (qobject/json-parser.c, `parse_error`).
    static func parse(_ reason: Bytes) -> ProtocolError {
        ProtocolError(.generic, Bytes(text: "JSON parse error, ") + reason.prefix(1023))
    }

    /// A document above the limit of bytes.
    public static let tokenSize = ProtocolError(.generic, "JSON token size limit exceeded")
    static let tokenCount = ProtocolError(.generic, "JSON token count limit exceeded")
    static let nesting = ProtocolError(.generic, "JSON nesting depth limit exceeded")
    static let notAnObject = ProtocolError(.generic, "QMP input must be a JSON object")
    static let lacksExecute = ProtocolError(.generic, "QMP input lacks member 'execute'")
    static let negotiationExpected = ProtocolError(
        .commandNotFound,
        "Expecting capabilities negotiation with 'qmp_capabilities'"
    )
    static let negotiationComplete = ProtocolError(
        .commandNotFound,
        "Capabilities negotiation is already complete, command ignored"
    )

    /// An error whose text quotes a name of the client's in the middle.
    static func generic(_ before: String, _ name: Bytes, _ after: String) -> ProtocolError {
        ProtocolError(.generic, Bytes(text: before) + name + Bytes(text: after))
    }
}
