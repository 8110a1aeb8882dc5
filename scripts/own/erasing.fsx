// Random erasing (Zhong et al. 2017, 1708.04896, Algorithm 1): a rectangle of each image, of random area and shape, is filled with noise.
// A rectangle that does not fit is cut to the image's side, where the paper draws again.
open SimCLR
open SimCLR.Core.Views
open TorchSharp

/// Uniform between two numbers, one for each image.
let private uniform (batch: BatchShape) generator (least: float) (most: float) =
    torch.rand (batch.Count, generator = generator) * (most - least) + least

/// Which pixels of a side are covered: [N, side].
let private covered (start: torch.Tensor) (length: torch.Tensor) (side: int64) =
    let pixels = torch.arange(side, device = start.device).unsqueeze 0L
    pixels.ge(start.unsqueeze 1L).logical_and(pixels.lt ((start + length).unsqueeze 1L))

let random =
    View.Define(
        "random-erasing",
        1,
        [ "probability", 0.5; "smallest", 0.02; "largest", 0.4; "ratio", 0.3 ],
        (fun s batch generator ->
            let area = uniform batch generator s["smallest"] s["largest"]
            let ratio = uniform batch generator (log s["ratio"]) (-(log s["ratio"])) |> _.exp()
            let height = (area * ratio).sqrt().clamp_max(1.0.ToScalar()) * float batch.Height
            let width = (area / ratio).sqrt().clamp_max(1.0.ToScalar()) * float batch.Width

            [
                "apply", (uniform batch generator 0.0 1.0).lt(s["probability"].ToScalar())
                "height", height
                "width", width
                "top", uniform batch generator 0.0 1.0 * (float batch.Height - height)
                "left", uniform batch generator 0.0 1.0 * (float batch.Width - width)
                "noise",
                torch.rand ([| batch.Count; batch.Channels; batch.Height; batch.Width |], generator = generator)
            ]),
        fun _ images drawn ->
            let rows = covered drawn["top"] drawn["height"] images.shape[2]
            let columns = covered drawn["left"] drawn["width"] images.shape[3]
            let hole = rows.unsqueeze(2L).logical_and(columns.unsqueeze 1L).unsqueeze 1L
            let chosen = hole.logical_and (drawn["apply"].view(-1L, 1L, 1L, 1L))
            torch.where (chosen, drawn["noise"], images)
    )
