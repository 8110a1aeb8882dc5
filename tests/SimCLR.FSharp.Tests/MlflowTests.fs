/// The example of an observer, against a server that takes what MLflow takes.
module SimCLR.Tests.MlflowTests

open System
open System.Collections.Concurrent
open System.IO
open System.Net
open System.Net.Sockets
open System.Text
open System.Text.Json
open System.Threading.Tasks
open Xunit

let private freePort () =
    use listener = new TcpListener(IPAddress.Loopback, 0)
    listener.Start()
    (listener.LocalEndpoint :?> IPEndPoint).Port

/// Answers as MLflow does, and keeps what it was sent: path and content.
let private serve (listener: HttpListener) (requests: ConcurrentQueue<string * JsonElement>) =
    task {
        let mutable runs = 0

        while listener.IsListening do
            let! context = listener.GetContextAsync()
            use reader = new StreamReader(context.Request.InputStream, Encoding.UTF8)
            let! text = reader.ReadToEndAsync()
            let path = context.Request.Url.AbsolutePath
            requests.Enqueue(path, JsonDocument.Parse(text).RootElement)

            let answer =
                if path.EndsWith "runs/create" then
                    runs <- runs + 1
                    $"{{\"run\":{{\"info\":{{\"run_id\":\"run-{runs}\"}}}}}}"
                else
                    "{}"

            context.Response.ContentType <- "application/json"
            context.Response.Close(Encoding.UTF8.GetBytes answer, true)
    }

[<Trait("group", "slow")>]
[<Fact>]
let The_example_sends_every_run_its_parameters_and_its_curve_with_the_time_of_each_step () =
    Launcher.inFolder (fun folder ->
        let port = freePort ()
        use listener = new HttpListener()
        listener.Prefixes.Add $"http://localhost:{port}/"
        listener.Start()
        let requests = ConcurrentQueue()
        let _serving: Task = serve listener requests
        let before = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()

        let code, _, errors =
            Launcher.startWith
                [ "MLFLOW_TRACKING_URI", $"http://localhost:{port}" ]
                folder
                [
                    "run"
                    Path.Combine(Launcher.root, "scripts", "mlflow.fsx")
                    "--epochs"
                    "1"
                    "--limit"
                    "600"
                    "--batch"
                    "64"
                    "--seeds"
                    "1"
                    "--workers"
                    "2"
                ]
            |> Launcher.finish

        listener.Stop()
        Assert.True((code = 0), errors)
        let after = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()

        let sent (path: string) =
            [
                for other, content in requests do
                    if other = $"/api/2.0/mlflow/{path}" then
                        content
            ]

        let text (name: string) (content: JsonElement) = content.GetProperty(name).GetString()

        Assert.Equal<string list>(
            [ "temperature 0.1, seed 0"; "temperature 0.5, seed 0" ],
            sent "runs/create" |> List.map (text "run_name") |> List.sort
        )

        Assert.Equal<string list>([ "FINISHED"; "FINISHED" ], sent "runs/update" |> List.map (text "status"))

        let batches kind =
            [
                for batch in sent "runs/log-batch" do
                    match batch.TryGetProperty(kind: string) with
                    | true, items ->
                        for item in items.EnumerateArray() do
                            text "run_id" batch, item
                    | _ -> ()
            ]

        let temperatures =
            [
                for run, item in batches "params" do
                    if text "key" item = "Loss.Temperature" then
                        run, text "value" item
            ]

        Assert.Equal<string list>([ "0.1"; "0.5" ], temperatures |> List.map snd |> List.sort)

        for run, _ in temperatures do
            let losses =
                [
                    for other, item in batches "metrics" do
                        if other = run && text "key" item = "loss" then
                            item
                ]

            // 600 images in batches of 64: nine steps.
            Assert.Equal<int64 list>([ 1L .. 9L ], [ for loss in losses -> loss.GetProperty("step").GetInt64() ])

            let times = [ for loss in losses -> loss.GetProperty("timestamp").GetInt64() ]
            Assert.Equal<int64 list>(List.sort times, times)
            Assert.InRange(times.Head, before, after)

        Assert.Contains("final linear top-1", [ for _, item in batches "metrics" -> text "key" item ]))

[<Trait("group", "slow")>]
[<Fact>]
let Without_a_server_the_example_says_so_once_and_the_sweep_goes_on () =
    Launcher.inFolder (fun folder ->
        let code, output, errors =
            Launcher.startWith
                [ "MLFLOW_TRACKING_URI", $"http://localhost:{freePort ()}" ]
                folder
                [
                    "run"
                    Path.Combine(Launcher.root, "scripts", "mlflow.fsx")
                    "--epochs"
                    "1"
                    "--limit"
                    "300"
                    "--batch"
                    "64"
                    "--seeds"
                    "1"
                ]
            |> Launcher.finish

        Assert.True((code = 0), errors)
        Assert.Equal(2, (errors.Split "The observer 'MLflow' is told nothing any more").Length)
        Assert.Contains("Connection refused", errors)
        Assert.Contains("Report: ", output))
