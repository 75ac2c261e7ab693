/// The names of commands that QEMU does not know: the proxy's own, `__org.qmp-proxy_COMMAND`, and those of its
/// plugins, `__org.qmp-proxy_NAME-COMMAND`.
///
/// They follow QMP's rule for vendors (docs/interop/qmp-spec, "Downstream extension of QMP").
public enum OwnCommandName {
    /// What they begin with.
    public static let prefix = "__org.qmp-proxy_"

    /// Whether a command of that name is one of them and only asks: `query-…`, of the proxy's own or of a plugin's.
    ///
    /// NAME counts up to the first hyphen: behind it a command could be called anything, as `drop-query-log` of a
    /// plugin `log` is no query. So the queries of a plugin with a hyphen in its name are not taken for any.
    public static func isQuery(_ name: String) -> Bool {
        guard name.hasPrefix(prefix) else { return false }
        let own = name.dropFirst(prefix.count)
        if own.hasPrefix("query-") { return true }
        guard let hyphen = own.firstIndex(of: "-"), hyphen > own.startIndex else { return false }
        return own[hyphen...].hasPrefix("-query-")
    }
}
