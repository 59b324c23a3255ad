// A server by the event of the Fetch API.
addEventListener('fetch', (event) => event.respondWith(answer(event.request)));

async function answer(request) {
  const { pathname, searchParams } = new URL(request.url);
  switch (pathname) {
    case '/':
    case '/hello':
      return new Response(`Hello, ${searchParams.get('name') ?? 'world'}\n`, {
        headers: { 'content-type': 'text/plain' },
      });
    case '/sum': {
      const numbers = await request.json();
      return Response.json(
        { method: request.method, sum: numbers.reduce((sum, n) => sum + n, 0) },
        { status: 201 },
      );
    }
    case '/echo':
      return new Response(request.body, { headers: { 'x-agent': request.headers.get('x-agent') ?? 'none' } });
    default:
      return new Response(null, { status: 404 });
  }
}
