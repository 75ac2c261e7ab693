internal import Libevent
internal import Logging
internal import PluginKit
internal import ProxyCore

/// What connections tell the server, as events for the engine.
extension ProxyServer: ConnectionDelegate {
    nonisolated func connection(
        _ connection: Connection,
        received bytes: ArraySlice<UInt8>,
        descriptors: [DescriptorHandle]
    ) {
        let endpoint = Endpoint(tag: connection.tag)
        assumeIsolated { server in
            let tokens = descriptors.isEmpty ? [] : server.descriptors.insert(descriptors)
            server.handle(.received(endpoint, bytes, descriptors: tokens))
        }
    }

    nonisolated func connectionEnded(_ connection: Connection) {
        let endpoint = Endpoint(tag: connection.tag)
        assumeIsolated { $0.handle(.ended(endpoint)) }
    }

    nonisolated func connection(_ connection: Connection, closed reason: String) {
        let tag = connection.tag
        assumeIsolated { server in
            server.connections.removeValue(forKey: tag)
            server.handle(.closed(Endpoint(tag: tag), reason: reason))
        }
    }

    nonisolated func connection(_ connection: Connection, lostDescriptorsBeyond kept: Int) {
        let tag = connection.tag
        assumeIsolated {
            $0.logger.warning("client \(tag) sent more than \(kept) descriptors at once, the rest is lost")
        }
    }

    nonisolated func connection(_ connection: Connection, unsent bytes: Int, beyondCurrent: Int) {
        let endpoint = Endpoint(tag: connection.tag)
        assumeIsolated { $0.handle(.unsent(endpoint, bytes: bytes, beyondCurrent: beyondCurrent)) }
    }
}

extension Endpoint {
    /// The number under which the shell keeps the connection: 0 is the monitor's, those below the second monitors'.
    var tag: Int {
        switch self {
        case .monitor: 0
        case .client(let number): number
        case .secondMonitor(let number): -number
        }
    }

    init(tag: Int) {
        self = tag == 0 ? .monitor : tag > 0 ? .client(tag) : .secondMonitor(-tag)
    }
}

extension Client.Peer {
    init(_ peer: Peer?) {
        switch peer {
        case .local(let pid, let uid, let gid): self = .local(pid: pid, uid: uid, gid: gid)
        case .internet(let host, let port): self = .internet(host: host, port: port)
        case nil: self = .other("gone already")
        }
    }
}
