/// A run of bytes that shares its storage with what was read: slicing it and passing it on copies nothing.
public typealias Bytes = ArraySlice<UInt8>

extension ArraySlice<UInt8> {
    /// The UTF-8 bytes of a text.
    public init(text: String) {
        self = Array(text.utf8)[...]
    }

    /// The bytes as text; what is not UTF-8 becomes U+FFFD.
    public var text: String {
        String(decoding: self, as: UTF8.self)
    }
}

extension ArraySlice<UInt8> {
    /// Whether the bytes are those of a text.
    func equals(_ text: StaticString) -> Bool {
        count == text.utf8CodeUnitCount && starts(with: text)
    }

    /// Whether the bytes begin with those of a text.
    func starts(with text: StaticString) -> Bool {
        let length = text.utf8CodeUnitCount
        guard count >= length else { return false }
        return withUnsafeBufferPointer { bytes in
            for index in 0..<length where bytes[index] != text.utf8Start[index] { return false }
            return true
        }
    }
}
