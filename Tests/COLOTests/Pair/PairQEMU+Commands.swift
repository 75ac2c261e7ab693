import PluginKit
import ProxyTesting
import QMP

/// What commands do that hang on the other QEMU; the rest is done by the model.
extension PairQEMU {
    private var other: PairQEMU? { host.peer.living }

    /// Who can hold up a command, and all in-band commands behind it.
    func blocker(of command: Command) -> PairQEMU? {
        let line = JSONValue.object(command.arguments)["command-line"]?.string ?? ""
        switch command.name {
        case "x-blockdev-change", "stop":
            return isNBDYanked || !model.facts.children.contains("children.1") ? nil : nbd
        case "drive-mirror": return host.peer.qemu
        case "human-monitor-command" where line.hasPrefix("drive_add"): return host.peer.qemu
        default: return nil
        }
    }

    /// Executes an out-of-band command.
    func outOfBand(_ command: Command) -> Answer {
        switch command.name {
        case "query-yank": return .success(.array(instances))
        case "yank": return yank(JSONValue.object(command.arguments)["instances"]?.array ?? [])
        default:
            let text = "The command \(command.name ?? "") does not support OOB"
            return .failure(ProtocolError(.generic, text))
        }
    }

    private var instances: [JSONValue] {
        var list = (["compat_monitor0"] + model.facts.chardevs.sorted()).map { id in
            JSONValue.object([JSONValue.Member("type", .string("chardev")), JSONValue.Member("id", .string(id))])
        }
        if nbd != nil || job != nil {
            list.append(
                .object([
                    JSONValue.Member("type", .string("block-node")),
                    JSONValue.Member("node-name", .string("#block300")),
                ])
            )
        }
        if isInCOLO || ["setup", "active"].contains(model.facts.migration) {
            list.append(.object([JSONValue.Member("type", .string("migration"))]))
        }
        return list
    }

    private func yank(_ wanted: [JSONValue]) -> Answer {
        let known = instances.map(\.yankName)
        guard wanted.map(\.yankName).allSatisfy(known.contains) else {
            return .failure(ProtocolError(.deviceNotFound, "Instance not found"))
        }
        for instance in wanted {
            switch instance["type"]?.string {
            case "block-node":
                isNBDYanked = true
                job?.isYanked = true
            case "migration":
                guard let session, isInCOLO || session.isMigrating else {
                    migrationFailed("Unable to connect: Broken pipe")
                    continue
                }
                session.yanked(self)
            default: break
            }
        }
        return .success(.object([]))
    }

    /// Executes an in-band command.
    func effect(of command: Command) -> Effect {
        let arguments = JSONValue.object(command.arguments)
        switch command.name {
        case "query-status":
            let (state, isRunning) = (model.facts.runState, model.facts.runState == "running")
            return .with([("status", .string(state)), ("singlestep", .bool(false)), ("running", .bool(isRunning))])
        case "query-colo-status":
            let reason = lastMode == "none" || isInCOLO ? "none" : "request"
            let names = [("last-mode", lastMode), ("mode", model.facts.mode), ("reason", reason)]
            return .with(names.map { ($0.0, .string($0.1)) })
        case "query-migrate":
            let error = migrationError.map { [("error-desc", JSONValue.string($0))] } ?? []
            return .with((model.facts.migration.map { [("status", .string($0))] } ?? []) + error)
        case "query-block-jobs": return Effect(answer: .success(.array(job.map { [$0.value] } ?? [])))
        case "query-cpus-fast":
            return Effect(
                answer: .success(.array([.members(["cpu-index": .integer(0), "thread-id": .integer(thread)])]))
            )
        case "query-migrate-parameters": return .with([("x-checkpoint-delay", .integer(model.facts.checkpointDelay))])
        case "qom-list":
            let objects = model.facts.objects.sorted().map { JSONValue.members(["name": .string($0)]) }
            return Effect(answer: .success(.array(objects)))
        case "query-yank": return Effect(answer: .success(.array(instances)))
        case "migrate-set-capabilities": return setCapabilities(arguments)
        case "migrate": return migrate()
        case "migrate_cancel": return cancelMigration()
        case "x-colo-lost-heartbeat":
            guard isInCOLO, let session else { break }
            return session.lostHeartbeat(self)
        case "drive-mirror": return mirror(arguments["job-id"]?.string ?? "")
        case "block-job-cancel":
            return cancel(arguments["device"]?.string ?? "", isForced: arguments["force"] == .bool(true))
        case "human-monitor-command": return humanMonitor(command, arguments["command-line"]?.string ?? "")
        case "stop" where model.facts.runState == "running":
            model.facts.runState = "paused"
            return Effect(before: [MonitorEvent("STOP")])
        case "cont" where ["paused", "prelaunch"].contains(model.facts.runState):
            model.facts.runState = "running"
            return Effect(before: [MonitorEvent("RESUME")])
        case "stop", "cont": return Effect()
        // A second one ends QEMU 7.2 (net/colo-compare.c, `colo_compare_finalize`).
        case "object-add" where arguments["id"] == .string("comp0") && model.facts.objects.contains("comp0"):
            die("dies of a second colo-compare")
            return Effect(answer: nil)
        case "quit":
            after(milliseconds: 1...3) { self.die("quits") }
            return Effect(after: [MonitorEvent("SHUTDOWN", "{'guest': false, 'reason': 'host-qmp-quit'}")])
        default: break
        }
        let (answer, events) = model.execute(command)
        if command.name == "object-del", !model.facts.objects.contains("comp0") { session?.released(self) }
        return Effect(answer: answer, before: events)
    }

    // MARK: - Disks

    private func refused(_ answer: (String) -> Answer) -> Effect {
        Effect(answer: answer("Failed to connect to '\(host.peer.name):9999': Connection refused"))
    }

    private func humanMonitor(_ command: Command, _ line: String) -> Effect {
        if line.hasPrefix("drive_add"), model.facts.nodes.isEmpty {
            guard let other, other.model.facts.servesNBD else { return refused { .success(.string($0 + "\r\n")) } }
            nbd = other
            isNBDYanked = false
        }
        if line.hasPrefix("drive_del") { nbd = nil }
        return Effect(answer: model.execute(command).answer)
    }

    private func mirror(_ id: String) -> Effect {
        guard let other, other.model.facts.servesNBD else { return refused { .failure(ProtocolError(.generic, $0)) } }
        guard job == nil else { return Effect(answer: .failure(ProtocolError(.generic, "Need a root block node"))) }
        job = Job(id: id, target: other)
        return Effect()
    }

    private func cancel(_ id: String, isForced: Bool) -> Effect {
        guard job?.id == id else {
            return Effect(answer: .failure(ProtocolError(.deviceNotActive, "Block job '\(id)' not found")))
        }
        job?.isCancelled = true
        job?.isForced = isForced
        return Effect()
    }

    /// The resync goes on, is ready, or ends.
    func tickJob() {
        guard var job else { return }
        let isBroken = job.isYanked || (job.target.isDead && world.isLinked)
        if isBroken || (job.isCancelled && !isStuck(with: job.target)) {
            self.job = nil
            let error = isBroken ? ", 'error': 'Input/output error'" : ""
            let isGivenUp = job.isCancelled && (job.isForced || !job.isReady)
            let name = isGivenUp ? "BLOCK_JOB_CANCELLED" : "BLOCK_JOB_COMPLETED"
            tell(MonitorEvent(name, "{'device': '\(job.id)', 'type': 'mirror'\(error)}"))
            return tell(MonitorEvent("JOB_STATUS_CHANGE", "{'status': 'null', 'id': '\(job.id)'}"))
        }
        guard !isStuck(with: job.target), !job.isReady else { return }
        job.offset = min(Job.length, job.offset + world.generator.int(50_000...500_000))
        job.isReady = job.offset == Job.length
        self.job = job
        if job.isReady { tell(MonitorEvent("BLOCK_JOB_READY", "{'device': '\(job.id)', 'type': 'mirror'}")) }
    }

    // MARK: - Migration

    private func setCapabilities(_ arguments: JSONValue) -> Effect {
        guard !isInCOLO, !["setup", "active"].contains(model.facts.migration) else {
            return Effect(answer: .failure(ProtocolError(.generic, "There's a migration process in progress")))
        }
        for capability in arguments["capabilities"]?.array ?? [] where capability["state"] == .bool(true) {
            capabilities.insert(capability["capability"]?.string ?? "")
        }
        return Effect()
    }

    private func migrate() -> Effect {
        guard !isInCOLO, model.facts.runState != "inmigrate" else {
            return Effect(answer: .failure(ProtocolError(.generic, "Guest is waiting for an incoming migration")))
        }
        migrationError = nil
        setMigration("setup")
        connectMigration()
        return Effect()
    }

    /// Connects to the other for the migration, as soon as it is reached.
    private func connectMigration() {
        after(milliseconds: 1...20) { [self] in
            guard model.facts.migration == "setup" else { return }
            if let qemu = host.peer.qemu, isStuck(with: qemu) { return connectMigration() }
            guard let other, other.model.facts.runState == "inmigrate", other.capabilities.contains("x-colo") else {
                return migrationFailed("Failed to connect to '\(host.peer.name):9998': Connection refused")
            }
            setMigration("active")
            world.session = PairSession(world, primary: self, secondary: other)
            session = world.session
            other.session = session
            other.setMigration("active")
        }
    }

    /// Cancels a migration; while COLO runs that has no effect.
    private func cancelMigration() -> Effect {
        guard !isInCOLO, ["setup", "active"].contains(model.facts.migration) else { return Effect() }
        session?.abandoned(self)
        setMigration("cancelled")
        return Effect()
    }

    func migrationFailed(_ error: String) {
        migrationError = error
        setMigration("failed")
    }

    func setMigration(_ status: String) {
        model.facts.migration = status
        if capabilities.contains("events") { tell(MonitorEvent("MIGRATION", "{'status': '\(status)'}")) }
    }
}

extension PairQEMU.Job {
    /// As `query-block-jobs` lists it.
    fileprivate var value: JSONValue {
        .object([
            JSONValue.Member("device", .string(id)), JSONValue.Member("type", .string("mirror")),
            JSONValue.Member("ready", .bool(isReady)), JSONValue.Member("len", .integer(Int64(Self.length))),
            JSONValue.Member("offset", .integer(Int64(offset))), JSONValue.Member("speed", .integer(0)),
        ])
    }
}

extension PairQEMU.Effect {
    /// An answer with these members.
    fileprivate static func with(_ members: [(String, JSONValue)]) -> PairQEMU.Effect {
        PairQEMU.Effect(answer: .success(.object(members.map { JSONValue.Member($0.0, $0.1) })))
    }
}

extension JSONValue {
    /// Which instance it is, in whatever order its members are.
    fileprivate var yankName: String {
        ["type", "id", "node-name"].map { self[$0]?.string ?? "" }.joined(separator: " ")
    }
}
