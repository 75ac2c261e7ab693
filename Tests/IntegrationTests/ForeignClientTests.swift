import Testing

/// Clients that others wrote work through the proxy as they do without it.
@Suite(.onWorkbench, .showingLogs)
struct ForeignClientTests {
    /// What is typed into `qmp-shell`.
    private static let typed = """
        query-status
        object-add qom-type=memory-backend-ram id=m size=65536
        qom-get path=/objects/m property=size
        object-del id=m
        no-such-command
        query-version foo=1
        query-command-line-options option=chardev

        """

    /// Connects several clients of PyPI's `qemu.qmp` at once; each asks, gets an error, and sees all events.
    private static let script = """
        import asyncio, sys
        from qemu.qmp import EventListener, ExecuteError, QMPClient

        async def main(path):
            clients = [QMPClient(f"client-{number}") for number in range(5)]
            listeners = [EventListener(names={"STOP", "RESUME"}) for _ in clients]
            for client, listener in zip(clients, listeners):
                client.register_listener(listener)
                await client.connect(path)
            versions = await asyncio.gather(*(client.execute("query-version") for client in clients))
            greeted = clients[0].greeting.QMP.version["qemu"]
            print(len(versions), versions.count(versions[0]), versions[0]["qemu"] == greeted)
            options = [{"option": name} for name in ("chardev", "mon", "drive", "device", "object")]
            calls = [client.execute("query-command-line-options", option) for client, option in zip(clients, options)]
            print(*(answer[0]["option"] for answer in await asyncio.gather(*calls)))
            try:
                await clients[1].execute("no-such-command")
            except ExecuteError as error:
                print(error.error_class, error)
            await clients[2].execute("stop")
            await clients[3].execute("cont")
            for listener in listeners:
                print(*[(await asyncio.wait_for(listener.get(), 20))["event"] for _ in range(2)])
            for client in clients:
                await client.disconnect()

        asyncio.run(main(sys.argv[1]))
        """

    @Test func clientsOfPyPIsLibraryShareTheMonitor() throws {
        let python = try PythonEnvironment.shared()
        let proxy = try Proxy(QEMU())
        let output = try python.run(script: Self.script, proxy.address.path)
        let expected = """
            5 5 True
            chardev mon drive device object
            CommandNotFound The command no-such-command has not been found
            STOP RESUME
            STOP RESUME
            STOP RESUME
            STOP RESUME
            STOP RESUME

            """
        #expect(output == expected)
    }

    @Test(arguments: [[], ["--pretty"], ["-p"], ["--verbose"]])
    func qmpShellPrintsTheSameAsWithoutTheProxy(_ options: [String]) throws {
        let python = try PythonEnvironment.shared()
        let qemu = try QEMU(monitors: 2)
        let proxy = try Proxy(qemu, monitor: 1)
        let direct = try python.shell(options + [qemu.address().path], typing: Self.typed)
        let proxied = try python.shell(options + [proxy.address.path], typing: Self.typed)
        #expect(proxied == direct)
        #expect(direct.contains("Connected to QEMU"))
        #expect(direct.contains("65536"))
        #expect(direct.contains("The command no-such-command has not been found"))
    }

    @Test func aShellAndAnotherClientAreServedAtOnce() throws {
        let python = try PythonEnvironment.shared()
        let proxy = try Proxy(QEMU())
        let other = try proxy.client()
        #expect(try python.shell([proxy.address.path], typing: "stop\n").contains(#"{"return": {}}"#))
        try other.readEvent("STOP")
        #expect(try other.ask(#"{"execute": "query-name", "id": 1}"#) == "{\"return\": {}, \"id\": 1}\r\n")
    }

    @Test func socatGetsAllRepliesThoughItsInputHasEnded() throws {
        let proxy = try Proxy(QEMU())
        let commands = (1...20).map { #"{"execute": "query-name", "id": \#($0)}"# }.joined()
        let pipe = "printf %s '\(RawClient.negotiation)\(commands)' | socat -t2 - UNIX:\(proxy.address.path)"
        let (ending, output, errors) = try Workbench.current.run(["/bin/sh", "-c", pipe])
        #expect(ending == .exited(0), "\(errors)")
        let lines = output.split(separator: "\r\n", omittingEmptySubsequences: false)
        let replies = (1...20).map { #"{"return": {}, "id": \#($0)}"# }
        #expect(lines.first?.hasPrefix(#"{"QMP": "#) == true)
        #expect(lines.dropFirst().map(String.init) == [#"{"return": {}}"#] + replies + [""])
    }
}
