// What every script loads. It owns every reference; the folder is what ./simclr build makes.
#I "../SimCLR.FSharp/bin/Release/net10.0"
#r "TorchSharp.dll"
#r "SkiaSharp.dll"
#r "Argu.dll"
#r "FSharp.SystemTextJson.dll"
#r "DynamicObj.dll"
#r "MathNet.Numerics.dll"
#r "Giraffe.ViewEngine.dll"
#r "Plotly.NET.dll"
#r "SimCLR.Core.dll"
#r "SimCLR.FSharp.dll"

/// The script's arguments.
let arguments = fsi.CommandLineArgs |> Array.toList |> List.tail
