/// Every limit of the protocol that QEMU's own code sets, with its unit and source.
public struct Limits: Sendable, Equatable {
    /// Braces and brackets that may be open at once in one document.
    ///
    /// 1024, so that the parser's recursion stays bounded (qobject/json-streamer.c, `MAX_NESTING`).
    public var nestingMax = 1024

    /// Tokens in one document.
    ///
    /// 2 Mi (qobject/json-streamer.c, `MAX_TOKEN_COUNT`).
    public var tokensMax = 2 << 20

    /// The bytes of all tokens of one document must stay below this; white space does not count.
    ///
    /// 64 MiB (qobject/json-streamer.c, `MAX_TOKEN_SIZE`).
    public var tokenBytesMax = 64 << 20

    /// White space kept inside one unfinished document, in bytes.
    ///
    /// QEMU drops white space at once and so takes any amount. We keep it, to pass on what was said as it was said,
    /// but not without end: what is beyond 1 MiB is left out of the document.
    public var whiteSpaceBytesMax = 1 << 20

    /// The longest message that is accepted from the monitor, in bytes.
    ///
    /// 512 MiB: an id of 64 MiB that is not ASCII comes back six times as long (`\uXXXX` for each byte of Latin-1 takes
    /// 6 bytes for 2, for a control character written C0 80 likewise), and nothing of QEMU's own is near that.
    public var monitorMessageBytesMax = 512 << 20

    /// QEMU's limits.
    public static let qemu = Limits()
}
