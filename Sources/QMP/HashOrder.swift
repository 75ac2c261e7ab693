/// The order in which QEMU walks the members of an object (qobject/qdict.c): bucket by bucket of a table of 512,
/// and what shares a bucket from the newest to the oldest.
enum HashOrder {
    /// The bucket of a key; sums wrap at 32 bits as in QEMU.
    static func bucket(of key: some Collection<UInt8>) -> Int {
        var value: UInt32 = 0x238F_13AF &* UInt32(truncatingIfNeeded: key.count)
        for (index, byte) in key.enumerated() {
            value = value &+ UInt32(byte) << UInt32(index * 5 % 24)
        }
        return Int((1_103_515_243 &* value &+ 12345) % 512)
    }

    /// The elements in QEMU's order; `key` gives an element's key in modified UTF-8.
    static func sorted<Element>(_ elements: [Element], by key: (Element) -> Bytes) -> [Element] {
        guard elements.count > 1 else { return elements }
        return elements.enumerated()
            .map { (bucket: bucket(of: key($1)), index: $0, element: $1) }
            .sorted { ($0.bucket, $1.index) < ($1.bucket, $0.index) }
            .map(\.element)
    }
}

extension [JSONValue.Member] {
    /// The members in QEMU's order.
    func inHashOrder() -> [JSONValue.Member] {
        HashOrder.sorted(self) { member in
            var key: [UInt8] = []
            for scalar in member.key.unicodeScalars { ModifiedUTF8.append(scalar.value, to: &key) }
            return key[...]
        }
    }
}
