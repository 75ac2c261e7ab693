internal import QMP

/// An object of JSON as it is written: member by member, in that order, without white space.
///
/// ``QMP/JSONValue`` orders them as QEMU does, which puts the `type` of a line somewhere.
struct ObjectText {
    private var text: [UInt8] = [UInt8(ascii: "{")]

    /// An object without members.
    init() {}

    /// An object that has its first member.
    init(_ name: StaticString, _ value: JSONValue) {
        add(name, value)
    }

    /// Adds a member.
    mutating func add(_ name: StaticString, _ value: JSONValue) {
        add(name, verbatim: value.written())
    }

    /// Adds a member whose value is written already.
    mutating func add(_ name: StaticString, verbatim value: Bytes) {
        if text.count > 1 { text.append(UInt8(ascii: ",")) }
        text.append(UInt8(ascii: "\""))
        text += UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        text += "\":".utf8
        text += value
    }

    /// The whole of it.
    var bytes: Bytes { (text + [UInt8(ascii: "}")])[...] }
}
