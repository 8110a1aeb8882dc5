/// A store that two hosts share: a folder in two mounts whose file locks do not reach each other, seen from two spaces of process numbers.
module SimCLR.Tests.TwoHostsTests

open System.Diagnostics
open System.IO
open SimCLR
open Xunit

let private run program (arguments: string list) =
    use started =
        Process.Start(ProcessStartInfo(program, arguments, RedirectStandardOutput = true, RedirectStandardError = true))

    let said = started.StandardOutput.ReadToEndAsync()
    let errors = started.StandardError.ReadToEndAsync()
    started.WaitForExit()
    started.ExitCode, said.Result + errors.Result

/// Two folders that are one, each in a file system of its own.
let private withMounts test =
    Assert.SkipUnless(File.Exists "/usr/bin/bindfs", "bindfs is not installed (Debian: bindfs)")

    Assert.SkipUnless(
        fst (run "unshare" [ "--pid"; "--fork"; "true" ]) = 0,
        "no space of process numbers may be made here"
    )

    Launcher.inFolder (fun folder ->
        let at name =
            Directory.CreateDirectory(Path.Combine(folder, name)).FullName

        let shared, mounts = at "shared", [ at "a"; at "b" ]

        for mount in mounts do
            let code, said = run "bindfs" [ shared; mount ]
            Assert.SkipUnless((code = 0), $"nothing may be mounted here: {said}")

        try
            test shared mounts
        finally
            for mount in mounts do
                run "umount" [ mount ] |> ignore)

[<Fact>]
let ``File locks do not reach from one mount to the other`` () =
    withMounts (fun _ mounts ->
        let locks = mounts |> List.map (fun mount -> Path.Combine(mount, "lock"))
        File.WriteAllText(locks.Head, "")

        let code, said =
            run "flock" [ "-n"; locks[0]; "flock"; "-n"; locks[1]; "echo"; "both" ]

        Assert.Equal((0, "both\n"), (code, said)))

[<Trait("group", "slow")>]
[<Fact>]
let ``Hosts that share a store by leases alone run no cell twice`` () =
    withMounts (fun shared mounts ->
        let arguments =
            [
                "run"
                Path.Combine(Launcher.root, "scripts", "temperature.fsx")
                "--epochs"
                "1"
                "--limit"
                "600"
                "--batch"
                "64"
                "--out"
                "results/x"
            ]

        let start (folder: string) =
            let info =
                ProcessStartInfo(
                    "unshare",
                    [ "--pid"; "--fork"; "--mount-proc"; Path.Combine(Launcher.root, "simclr") ]
                    @ arguments,
                    WorkingDirectory = folder,
                    RedirectStandardOutput = true,
                    RedirectStandardError = true
                )

            let started = Process.Start info
            started, started.StandardOutput.ReadToEndAsync(), started.StandardError.ReadToEndAsync()

        let computed =
            [
                for host, output, errors in mounts |> List.map start do
                    host.WaitForExit()
                    Assert.True((host.ExitCode = 0), errors.Result)
                    output.Result |> ignore

                    for line in errors.Result.Split '\n' do
                        let found =
                            System.Text.RegularExpressions.Regex.Match(line, @"\[(\d+)/8\] .*linear [\d.]+ ?%")

                        if found.Success && not (line.Contains "stored already") then
                            int found.Groups[1].Value
            ]

        Assert.Equal<int list>([ 1..8 ], List.sort computed)
        let store = Store.ofFolder (Path.Combine(shared, "results", "runs"))
        Assert.Equal(8, (Store.all failwith store).Length)
        // Everything was let go of.
        Assert.Empty(Directory.GetFiles(shared, "*.lease", SearchOption.AllDirectories)))
